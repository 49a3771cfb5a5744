"""call_soon_threadsafe may be called from any thread, wakes a sleeping loop, and keeps each thread's order."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from support.loops import LoopFactory, fresh_loop, run_iteration
from support.programs import HANG_SECONDS


@contextmanager
def _threads(*targets: Callable[[], None]) -> Iterator[None]:
    """Run each target in a thread of its own; at the end they must all have come back, without an error."""
    errors: list[BaseException] = []

    def guarded(target: Callable[[], None]) -> None:
        try:
            target()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(target,)) for target in targets]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join(HANG_SECONDS)
            assert not thread.is_alive()
    assert errors == []


def test_a_sleeping_loop_wakes(each_loop: asyncio.AbstractEventLoop) -> None:
    running = threading.Event()

    def stop_from_outside() -> None:
        assert running.wait(HANG_SECONDS)
        each_loop.call_soon_threadsafe(each_loop.stop)

    each_loop.call_soon(running.set)
    with _threads(stop_from_outside):
        each_loop.run_forever()
    assert not each_loop.is_running()


def test_no_wake_up_is_lost(each_loop: asyncio.AbstractEventLoop) -> None:
    """A thread answers each callback with the next: losing one of the wake-ups would leave both waiting."""
    turns = 2000
    replies: queue.SimpleQueue[int] = queue.SimpleQueue()
    received: list[int] = []

    def receive(turn: int) -> None:
        received.append(turn)
        replies.put(turn)
        if turn == turns - 1:
            each_loop.stop()

    def play() -> None:
        for turn in range(turns):
            each_loop.call_soon_threadsafe(receive, turn)
            assert replies.get(timeout=HANG_SECONDS) == turn

    with _threads(play):
        each_loop.run_forever()
    assert received == list(range(turns))


def test_every_thread_keeps_its_order_and_nothing_is_lost(each_loop: asyncio.AbstractEventLoop) -> None:
    producers, each = 4, 5000
    received: list[tuple[int, int]] = []

    def receive(producer: int, number: int) -> None:
        received.append((producer, number))
        if len(received) == producers * each:
            each_loop.stop()

    def produce(producer: int) -> Callable[[], None]:
        def run() -> None:
            for number in range(each):
                each_loop.call_soon_threadsafe(receive, producer, number)

        return run

    with _threads(*(produce(producer) for producer in range(producers))):
        each_loop.run_forever()
    for producer in range(producers):
        assert [number for who, number in received if who == producer] == list(range(each))


def test_on_its_own_thread_it_takes_its_place_in_the_queue(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []

    def inside() -> None:
        each_loop.call_soon(ran.append, "inside 1")
        each_loop.call_soon_threadsafe(ran.append, "inside 2")
        each_loop.call_soon(ran.append, "inside 3")

    each_loop.call_soon(ran.append, "outside 1")
    each_loop.call_soon_threadsafe(ran.append, "outside 2")
    each_loop.call_soon(inside)
    each_loop.call_soon_threadsafe(ran.append, "outside 3")
    run_iteration(each_loop)
    assert ran == ["outside 1", "outside 2", "outside 3"]
    run_iteration(each_loop)
    assert ran[3:] == ["inside 1", "inside 2", "inside 3"]


def test_calls_of_a_thread_joined_in_a_callback_take_their_place(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []

    def outside() -> None:
        each_loop.call_soon_threadsafe(ran.append, "thread 1")
        each_loop.call_soon_threadsafe(ran.append, "thread 2")

    def inside() -> None:
        each_loop.call_soon(ran.append, "before")
        with _threads(outside):
            pass
        each_loop.call_soon(ran.append, "after")

    each_loop.call_soon(inside)
    each_loop.call_soon(ran.append, "same iteration")
    run_iteration(each_loop)
    assert ran == ["same iteration"]
    run_iteration(each_loop)
    assert ran[1:] == ["before", "thread 1", "thread 2", "after"]


def test_calls_made_before_the_loop_runs_are_kept(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[int] = []

    def produce() -> None:
        for number in range(100):
            each_loop.call_soon_threadsafe(ran.append, number)

    with _threads(produce):
        pass
    run_iteration(each_loop)
    assert ran == list(range(100))


def test_a_handle_is_cancelled_before_it_runs(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    handles: list[asyncio.Handle] = []

    def produce() -> None:
        handles.append(each_loop.call_soon_threadsafe(ran.append, "cancelled by the loop's thread"))
        each_loop.call_soon_threadsafe(ran.append, "cancelled by its own thread").cancel()
        each_loop.call_soon_threadsafe(ran.append, "kept")

    with _threads(produce):
        pass
    assert isinstance(handles[0], asyncio.Handle)
    handles[0].cancel()
    run_iteration(each_loop)
    assert ran == ["kept"]


def test_the_calling_thread_s_context_is_copied(each_loop: asyncio.AbstractEventLoop) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")
    seen: list[str] = []
    given = contextvars.copy_context()
    given.run(variable.set, "given")

    def produce() -> None:
        variable.set("thread")
        each_loop.call_soon_threadsafe(lambda: seen.append(variable.get()))
        each_loop.call_soon_threadsafe(lambda: seen.append(variable.get()), context=given)

    with _threads(produce):
        pass
    run_iteration(each_loop)
    assert seen == ["thread", "given"]
    assert variable.get() == "unset"


def test_a_closed_loop_refuses(each_factory: LoopFactory) -> None:
    with fresh_loop(each_factory) as loop:
        loop.close()
        refused: list[str] = []

        def produce() -> None:
            with pytest.raises(RuntimeError) as caught:
                loop.call_soon_threadsafe(print)
            refused.append(str(caught.value))

        produce()
        with _threads(produce):
            pass
    assert refused == ["Event loop is closed"] * 2


def test_closing_while_threads_call_is_safe(each_factory: LoopFactory) -> None:
    for _ in range(20):
        with fresh_loop(each_factory) as loop:
            ready = threading.Barrier(3)
            refused: list[str] = []

            def hammer(
                loop: asyncio.AbstractEventLoop = loop,
                ready: threading.Barrier = ready,
                refused: list[str] = refused,
            ) -> None:
                ready.wait(HANG_SECONDS)
                try:
                    while True:
                        loop.call_soon_threadsafe(len, ())
                except RuntimeError as error:
                    refused.append(str(error))

            with _threads(hammer, hammer):
                ready.wait(HANG_SECONDS)
                for _ in range(5):
                    run_iteration(loop)
                loop.close()
            assert refused == ["Event loop is closed"] * 2


def test_a_finaliser_may_call_from_anywhere(each_loop: asyncio.AbstractEventLoop) -> None:
    called: list[int] = []

    class Finalised:
        def __init__(self) -> None:
            self.cycle = self

        def __del__(self) -> None:
            each_loop.call_soon_threadsafe(called.append, 1)

    def make_garbage() -> None:
        for _ in range(100):
            Finalised()
        gc.collect()

    each_loop.call_soon(make_garbage)
    run_iteration(each_loop)
    run_iteration(each_loop)
    assert called == [1] * 100


def test_two_loops_in_two_threads_call_each_other(each_factory: LoopFactory) -> None:
    with fresh_loop(each_factory) as here, fresh_loop(each_factory) as there:
        exchanged: list[int] = []

        def bounce(left: int, mine: asyncio.AbstractEventLoop, other: asyncio.AbstractEventLoop) -> None:
            exchanged.append(left)
            if left:
                other.call_soon_threadsafe(bounce, left - 1, other, mine)
            else:
                mine.call_soon_threadsafe(mine.stop)
                other.call_soon_threadsafe(other.stop)

        here.call_soon(bounce, 1000, here, there)
        with _threads(there.run_forever):
            here.run_forever()
    assert exchanged == list(range(1000, -1, -1))


def test_futures_of_threads_are_awaited(each_loop: asyncio.AbstractEventLoop) -> None:
    async def square(number: int) -> int:
        await asyncio.sleep(0)
        return number * number

    results: list[int] = []

    def ask() -> None:
        for number in range(200):
            asked = asyncio.run_coroutine_threadsafe(square(number), each_loop)
            results.append(asked.result(HANG_SECONDS))
        each_loop.call_soon_threadsafe(each_loop.stop)

    with _threads(ask):
        each_loop.run_forever()
    assert results == [number * number for number in range(200)]
