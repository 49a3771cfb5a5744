"""References balance: what is done ten thousand times leaves neither objects nor references behind.

A debug build of CPython counts all references there are. Elsewhere the memory blocks that Python has allocated are
counted, and the references to what the callbacks and the engine use over and over again.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import os
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import pyloop
from support.loops import LoopFactory, run_iteration

ROUNDS = 10_000
BATCH = 100

WARM_UP = 5_000
"""Rounds after which the engine's pools are as full as they will be: they keep 4,096 of a kind while the loop idles."""

IDLE_SPELLS = 300
"""So often a loop has to fall asleep until the engine has freed all else."""

SLACK = ROUNDS // 50
"""What interpreters keep in caches of their own, and give back when they please. One a round would be 10,000."""

Scenario: TypeAlias = Callable[[asyncio.AbstractEventLoop], None]


class _Argument:
    """Something to hand to callbacks."""


ARGUMENT = _Argument()
CONTEXT = contextvars.copy_context()


def callback(*_: object) -> None:
    pass


def failing(*_: object) -> None:
    raise LookupError


def idle() -> None:
    loop = pyloop.new_event_loop()
    for _ in range(IDLE_SPELLS):
        loop.call_later(0.0001, loop.stop)
        loop.run_forever()
    loop.close()


def counts(loop: asyncio.AbstractEventLoop | None) -> dict[str, int]:
    """All references, or blocks, and the references to single objects that are used in every round."""
    used = {
        "callback": callback,
        "failing": failing,
        "argument": ARGUMENT,
        "context": CONTEXT,
        "loop": loop,
        "class": pyloop.EventLoop,
        "None": None,
        "True": True,
        "False": False,
        "empty tuple": (),
    }
    idle()
    gc.collect()
    found = {name: sys.getrefcount(one) for name, one in used.items()}
    count: Callable[[], int] = getattr(sys, "gettotalrefcount", sys.getallocatedblocks)
    return found | {"all": count()}


def assert_balanced(do: Callable[[], None], loop: asyncio.AbstractEventLoop | None = None) -> None:
    """Check that `do`, which does something BATCH times, leaves the counts as they are."""
    if loop is not None:
        # What debug mode says of slow callbacks on a busy machine is kept by pytest.
        loop.slow_callback_duration = float("inf")
    for _ in range(WARM_UP // BATCH):
        do()
    before = counts(loop)
    for _ in range(ROUNDS // BATCH):
        do()
    after = counts(loop)
    grown = {name: after[name] - before[name] for name in after if abs(after[name] - before[name]) > SLACK}
    # Caches are given back in bulk.
    grown = {name: by for name, by in grown.items() if name != "all" or by > 0}
    assert not grown, f"left behind by {ROUNDS} rounds: {grown}"


def call_soon(loop: asyncio.AbstractEventLoop) -> None:
    for _ in range(BATCH):
        loop.call_soon(callback)


def call_soon_with_arguments(loop: asyncio.AbstractEventLoop) -> None:
    for _ in range(BATCH):
        loop.call_soon(callback, ARGUMENT, ARGUMENT, ARGUMENT)


def call_soon_in_a_context(loop: asyncio.AbstractEventLoop) -> None:
    for _ in range(BATCH):
        loop.call_soon(callback, ARGUMENT, context=CONTEXT)


def call_soon_and_keep_the_handles(loop: asyncio.AbstractEventLoop) -> None:
    handles = [loop.call_soon(callback, ARGUMENT) for _ in range(BATCH)]
    run_iteration(loop)
    assert len(handles) == BATCH


def call_soon_and_cancel(loop: asyncio.AbstractEventLoop) -> None:
    for _ in range(BATCH):
        loop.call_soon(callback, ARGUMENT).cancel()


def call_soon_and_fail(loop: asyncio.AbstractEventLoop) -> None:
    for _ in range(BATCH):
        loop.call_soon(failing, ARGUMENT)


def call_soon_wrongly(loop: Any) -> None:
    for _ in range(BATCH):
        with pytest.raises(TypeError):
            loop.call_soon()
        with pytest.raises(TypeError):
            loop.call_soon(callback, ARGUMENT, nonsense=ARGUMENT)
        with pytest.raises(TypeError):
            loop.call_later("a while", callback, ARGUMENT)


def call_later(loop: asyncio.AbstractEventLoop) -> None:
    for _ in range(BATCH):
        loop.call_later(0, callback, ARGUMENT)


def call_later_and_cancel(loop: asyncio.AbstractEventLoop) -> None:
    for _ in range(BATCH):
        loop.call_later(3600, callback, ARGUMENT).cancel()


def call_at_some_and_cancel_others(loop: asyncio.AbstractEventLoop) -> None:
    now = loop.time()
    timers = [loop.call_at(now, callback, ARGUMENT, context=CONTEXT) for _ in range(BATCH)]
    for timer in timers[::2]:
        timer.cancel()


def call_soon_threadsafe(loop: asyncio.AbstractEventLoop) -> None:
    for _ in range(BATCH):
        loop.call_soon_threadsafe(callback, ARGUMENT)


def tasks(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        await asyncio.gather(*(asyncio.sleep(0, ARGUMENT) for _ in range(BATCH)))

    loop.run_until_complete(main())


@pytest.mark.parametrize(
    "scenario",
    [
        call_soon,
        call_soon_with_arguments,
        call_soon_in_a_context,
        call_soon_and_keep_the_handles,
        call_soon_and_cancel,
        call_soon_and_fail,
        call_soon_wrongly,
        call_later,
        call_later_and_cancel,
        call_at_some_and_cancel_others,
        call_soon_threadsafe,
        tasks,
    ],
)
def test_callbacks_and_timers(loop: asyncio.AbstractEventLoop, scenario: Scenario) -> None:
    loop.set_exception_handler(callback)

    def do() -> None:
        scenario(loop)
        run_iteration(loop)

    assert_balanced(do, loop)


def test_calls_from_another_thread(loop: asyncio.AbstractEventLoop) -> None:
    def calls() -> None:
        call_soon_threadsafe(loop)
        loop.call_soon_threadsafe(loop.stop)

    def do() -> None:
        thread = threading.Thread(target=calls)
        loop.call_soon(thread.start)
        loop.run_forever()
        thread.join()

    assert_balanced(do, loop)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The two ends of a pipe with something to read in it."""
    reader, writer = os.pipe()
    os.write(writer, b"something")
    yield reader, writer
    os.close(reader)
    os.close(writer)


def test_watched_descriptors(loop: asyncio.AbstractEventLoop, pipe: tuple[int, int]) -> None:
    reader, writer = pipe

    def do() -> None:
        for _ in range(BATCH):
            loop.add_reader(reader, callback, ARGUMENT)
            loop.add_reader(reader, callback, ARGUMENT)
            loop.add_writer(writer, callback, ARGUMENT)
            assert loop.remove_reader(reader)
            assert loop.remove_writer(writer)

    assert_balanced(do, loop)


def test_ready_descriptors(loop: asyncio.AbstractEventLoop, pipe: tuple[int, int]) -> None:
    reader, _ = pipe

    def do() -> None:
        loop.add_reader(reader, callback, ARGUMENT)
        for _ in range(BATCH):
            run_iteration(loop)
        loop.remove_reader(reader)

    assert_balanced(do, loop)


def test_descriptors_that_cannot_be_watched(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:

        def do() -> None:
            for _ in range(BATCH):
                with pytest.raises(PermissionError):
                    loop.add_reader(file, callback, ARGUMENT)
                with pytest.raises(ValueError, match="Invalid file"):
                    loop.add_reader(-1, callback, ARGUMENT)

        assert_balanced(do, loop)


def _make_and_close() -> None:
    pyloop.new_event_loop().close()


def _make_fill_and_close() -> None:
    loop = pyloop.new_event_loop()
    loop.call_soon(callback, ARGUMENT)
    loop.call_soon_threadsafe(callback, ARGUMENT)
    kept = loop.call_later(3600, callback, ARGUMENT)
    loop.call_later(3600, callback, loop)
    loop.close()
    kept.cancel()


@pytest.mark.filterwarnings("ignore:unclosed event loop:ResourceWarning")
def _make_and_drop() -> None:
    loop = pyloop.new_event_loop()
    loop.call_later(3600, callback, loop)


@pytest.mark.filterwarnings("ignore:unclosed event loop:ResourceWarning")
def _make_cancel_and_drop() -> None:
    loop = pyloop.new_event_loop()
    loop.call_later(3600, callback, ARGUMENT)
    loop.call_later(3600, callback, loop).cancel()


@pytest.mark.filterwarnings("ignore:unclosed event loop:ResourceWarning")
@pytest.mark.parametrize("use", [_make_and_close, _make_fill_and_close, _make_and_drop, _make_cancel_and_drop])
def test_loops(use: Callable[[], None]) -> None:
    def do() -> None:
        for _ in range(BATCH):
            use()
        gc.collect()

    assert_balanced(do)


def test_a_closed_loop_leaves_nothing_to_the_collector(each_factory: LoopFactory) -> None:
    gc.disable()
    try:
        loop = each_factory()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        gone = weakref.ref(loop)
        del loop
        assert gone() is None
    finally:
        gc.enable()
