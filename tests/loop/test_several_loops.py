"""Loops are independent: many in a process, one per thread, made here and run there, and dropped without a close."""

from __future__ import annotations

import asyncio
import errno
import gc
import itertools
import os
import resource
import socket
import threading
import warnings
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from support.descriptors import open_descriptors
from support.loops import FACTORIES, PYLOOP, LoopFactory, collect_until, fresh_loop, run_iteration
from support.memory import traced
from support.programs import HANG_SECONDS
from support.protocols import Recorder


async def _work(turns: int) -> int:
    """Take turns of both kinds: at once and after a moment."""
    for _ in range(turns):
        await asyncio.sleep(0)
    await asyncio.sleep(0.001)
    return turns


def _in_threads(work: Callable[[int], object], count: int) -> list[object]:
    """Do `work` in `count` threads at once; the results, in the order of the threads. An error fails the test."""
    results: dict[int, object] = {}
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait(HANG_SECONDS)
        results[number] = work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANG_SECONDS)
        assert not thread.is_alive()
    return [results.get(number) for number in range(count)]


def test_loops_run_in_several_threads_at_once(each_factory: LoopFactory) -> None:
    def run(number: int) -> int:
        with fresh_loop(each_factory) as loop:
            return sum(loop.run_until_complete(_work(turns)) for turns in range(20)) + number

    assert _in_threads(run, 8) == [190 + number for number in range(8)]


def test_a_loop_made_here_runs_there(each_factory: LoopFactory) -> None:
    with fresh_loop(each_factory) as loop:
        loop.call_soon(lambda: None)
        assert _in_threads(lambda _number: loop.run_until_complete(_work(3)), 1) == [3]
        assert loop.run_until_complete(_work(2)) == 2
        assert _in_threads(lambda _number: loop.run_until_complete(_work(1)), 1) == [1]


def test_a_loop_made_there_runs_and_closes_here(each_factory: LoopFactory) -> None:
    made: list[asyncio.AbstractEventLoop] = []
    _in_threads(lambda _number: made.append(each_factory()), 1)
    with fresh_loop(made.pop) as loop:
        assert loop.run_until_complete(_work(3)) == 3


def test_a_loop_is_closed_by_another_thread(each_factory: LoopFactory) -> None:
    with fresh_loop(each_factory) as loop:
        loop.run_until_complete(_work(1))
        _in_threads(lambda _number: loop.close(), 1)
        assert loop.is_closed()


def test_every_thread_sees_its_own_running_loop(each_factory: LoopFactory) -> None:
    with fresh_loop(each_factory) as here:
        seen: list[bool] = []

        def in_thread(_number: int) -> bool:
            with fresh_loop(each_factory) as there:

                async def main() -> bool:
                    await asyncio.sleep(0)
                    return asyncio.get_running_loop() is there and here.is_running()

                return there.run_until_complete(main())

        def callback() -> None:
            seen.extend(bool(result) for result in _in_threads(in_thread, 2))
            seen.append(asyncio.get_running_loop() is here)

        here.call_soon(callback)
        run_iteration(here)
        assert seen == [True] * 3


def test_running_a_loop_in_two_threads_is_an_error(each_factory: LoopFactory) -> None:
    with fresh_loop(each_factory) as loop:
        errors: list[str] = []

        def run_again(_number: int) -> None:
            with pytest.raises(RuntimeError) as caught:
                loop.run_until_complete(loop.create_future())
            errors.append(str(caught.value))

        loop.call_soon(_in_threads, run_again, 1)
        run_iteration(loop)
        assert errors == ["This event loop is already running"]


def test_two_hundred_loops_are_made_and_closed(each_factory: LoopFactory) -> None:
    before = open_descriptors()
    for turns in range(200):
        with fresh_loop(each_factory) as loop:
            loop.call_later(3600, print)
            assert loop.run_until_complete(_work(turns % 3)) == turns % 3
    assert open_descriptors() == before


def test_two_hundred_loops_are_open_at_once(each_factory: LoopFactory) -> None:
    with ExitStack() as stack:
        loops = [stack.enter_context(fresh_loop(each_factory)) for _ in range(200)]
        assert [loop.run_until_complete(_work(1)) for loop in loops] == [1] * 200
    assert all(loop.is_closed() for loop in loops)


def test_a_loop_takes_as_many_descriptors_as_asyncios() -> None:
    taken = []
    for factory in FACTORIES.values():
        before = open_descriptors()
        with fresh_loop(factory):
            taken.append((open_descriptors() - before).total())
    assert taken == [3, 3]


def test_a_loop_that_finds_no_descriptors_left_keeps_none() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = open_descriptors()
    failures: list[int | None] = []
    try:
        for limit in itertools.count():
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            try:
                FACTORIES["pyloop"]().close()
            except OSError as error:
                failures.append(error.errno)
            else:
                break
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(failures) > 3
    assert set(failures) == {errno.EMFILE}
    assert open_descriptors() == before


def _with_nothing(_loop: Any) -> None:
    """A loop that has done nothing."""


def _with_callbacks(loop: Any) -> None:
    loop.call_soon(print)
    loop.call_soon_threadsafe(print)


def _with_timers(loop: Any) -> None:
    loop.call_later(3600, print)
    loop.call_later(3600, print).cancel()


def _with_references_to_itself(loop: Any) -> None:
    loop.call_soon(loop.stop)
    loop.call_later(3600, loop.stop)
    loop.call_soon_threadsafe(loop.stop)
    loop.attribute = loop
    loop.handle = loop.call_soon(setattr, loop, "attribute", None)


def _with_a_run_behind_it(loop: Any) -> None:
    loop.run_until_complete(_work(2))
    loop.call_soon(loop.stop)


def _with_a_reader(loop: Any) -> None:
    loop.add_reader(loop._ssock.fileno(), loop._read_from_self)


def _with_an_exception_handler(loop: Any) -> None:
    loop.set_exception_handler(lambda _loop, _context: loop.stop())


_STATES = [
    _with_nothing,
    _with_callbacks,
    _with_timers,
    _with_references_to_itself,
    _with_a_run_behind_it,
    _with_a_reader,
    _with_an_exception_handler,
]


@pytest.mark.parametrize("state", _STATES)
def test_a_loop_dropped_without_a_close_warns_and_lets_go(
    each_factory: LoopFactory, state: Callable[[Any], None]
) -> None:
    descriptors = open_descriptors()
    loop = each_factory()
    state(loop)
    reference = weakref.ref(loop)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del loop
        assert collect_until(lambda: len(caught) > 0)
    found = [(warning.category, str(warning.message)) for warning in caught]
    caught.clear()  # they refer to the loop
    assert [category for category, _ in found] == [ResourceWarning]
    assert found[0][1].startswith("unclosed event loop <")
    assert collect_until(lambda: reference() is None)
    assert open_descriptors() == descriptors


@pytest.mark.parametrize("state", _STATES)
def test_a_closed_loop_is_dropped_in_silence(each_factory: LoopFactory, state: Callable[[Any], None]) -> None:
    loop = each_factory()
    state(loop)
    loop.close()
    reference = weakref.ref(loop)
    del loop
    assert collect_until(lambda: reference() is None)


def test_a_dropped_loop_lets_go_of_its_callbacks(each_factory: LoopFactory) -> None:
    class Argument:
        """Something that can be referred to weakly."""

    arguments = [Argument() for _ in range(3)]
    references = [weakref.ref(argument) for argument in arguments]
    with fresh_loop(each_factory) as loop:
        loop.call_soon(print, arguments[0])
        loop.call_later(3600, print, arguments[1])
        loop.call_soon_threadsafe(print, arguments[2])
        arguments.clear()
        assert all(reference() is not None for reference in references)
    del loop
    assert collect_until(lambda: all(reference() is None for reference in references))


def test_many_dropped_loops_leave_nothing() -> None:
    """Of PyLoop's only: asyncio's cannot close when the collector finalizes a loop's sockets before the loop."""
    descriptors = open_descriptors()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for _ in range(50):
            loop = FACTORIES["pyloop"]()
            loop.run_until_complete(_work(0))
            _with_references_to_itself(loop)
        del loop
        gc.collect()
        gc.collect()
    assert open_descriptors() == descriptors


@pytest.mark.parametrize("kind", ["socket", "pipe"])
def test_a_closed_loop_keeps_no_memory_to_receive_in(kind: str) -> None:
    """Whatever its connections and pipes have received."""

    async def receive_much() -> None:
        loop = asyncio.get_running_loop()
        protocol = Recorder()
        if kind == "socket":
            ours, theirs = socket.socketpair()
            await loop.connect_accepted_socket(lambda: protocol, ours)
            source = theirs.detach()
        else:
            reading, source = os.pipe()
            await loop.connect_read_pipe(lambda: protocol, os.fdopen(reading, "rb", buffering=0))
        os.write(source, bytes(50_000))
        await protocol.until_received(50_000)
        os.close(source)
        await protocol.until_lost()

    def use_loops() -> int:
        for _ in range(20):
            with fresh_loop(PYLOOP) as loop:
                loop.run_until_complete(receive_much())
        return left()

    with traced() as left:
        use_loops()
        before = use_loops()
        assert use_loops() - before < 50_000
