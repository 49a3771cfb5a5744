"""A loop that always has a callback ready still sees descriptors, timers, signals and calls from other threads.

asyncio polls in every iteration; PyLoop may leave some polls out, but must never starve what only a poll can see.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable

import pytest

from support.loops import run_iteration
from support.outcomes import assert_same_outcome

_ENOUGH_TURNS = 3_000_000
"""A chain that gets this far has starved whatever should have ended it."""


class _Busy:
    """A chain of callbacks that keeps its loop busy until it is ended."""

    def __init__(self, loop: asyncio.AbstractEventLoop, width: int = 1) -> None:
        self._loop = loop
        self.turns = 0
        self.ended_by: str | None = None
        for _ in range(width):
            loop.call_soon(self._turn)

    def _turn(self) -> None:
        self.turns += 1
        if self.ended_by is None and self.turns < _ENOUGH_TURNS:
            self._loop.call_soon(self._turn)
        else:
            self._loop.stop()

    def end(self, by: str) -> None:
        self.ended_by = by


_WIDTHS = pytest.mark.parametrize("width", [1, 7, 500])


@pytest.fixture(params=[1, 7, 500], ids="{} wide".format)
def busy(request: pytest.FixtureRequest, each_loop: asyncio.AbstractEventLoop) -> _Busy:
    """Busy loops, with few and with many callbacks in an iteration."""
    return _Busy(each_loop, request.param)


def test_a_descriptor_is_seen(each_loop: asyncio.AbstractEventLoop, busy: _Busy) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        each_loop.add_reader(ours, busy.end, "reader")
        each_loop.call_later(0.002, theirs.send, b"x")
        each_loop.run_forever()
        each_loop.remove_reader(ours)
    assert busy.ended_by == "reader"


@_WIDTHS
def test_a_descriptor_made_ready_by_another_thread_is_seen(loop: asyncio.AbstractEventLoop, width: int) -> None:
    """A thread gets its turn. On asyncio's loop it may wait for the GIL as long as the loop is busy."""
    busy = _Busy(loop, width)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        loop.add_reader(ours, busy.end, "reader")
        thread = threading.Timer(0.002, theirs.send, (b"x",))
        thread.start()
        loop.run_forever()
        thread.join()
        loop.remove_reader(ours)
    assert busy.ended_by == "reader"


def test_a_timer_is_seen(each_loop: asyncio.AbstractEventLoop, busy: _Busy) -> None:
    each_loop.call_later(0.002, busy.end, "timer")
    each_loop.run_forever()
    assert busy.ended_by == "timer"


@_WIDTHS
def test_a_call_from_another_thread_is_seen(loop: asyncio.AbstractEventLoop, width: int) -> None:
    busy = _Busy(loop, width)
    thread = threading.Timer(0.002, loop.call_soon_threadsafe, (busy.end, "thread"))
    thread.start()
    loop.run_forever()
    thread.join()
    assert busy.ended_by == "thread"


def test_a_thread_gets_its_turn_while_callbacks_run_no_python_code(loop: asyncio.AbstractEventLoop) -> None:
    callbacks: list[Callable[[], object]] = []
    chain = map(loop.call_soon, callbacks).__next__
    callbacks += [chain] * _ENOUGH_TURNS
    exhausted: list[object] = []
    loop.set_exception_handler(lambda _loop, context: exhausted.append(context))
    loop.call_soon(chain)
    thread = threading.Timer(0.002, loop.call_soon_threadsafe, (loop.stop,))
    thread.start()
    loop.run_forever()
    thread.join()
    assert not exhausted


def test_a_signal_is_seen(each_loop: asyncio.AbstractEventLoop, busy: _Busy) -> None:
    each_loop.add_signal_handler(signal.SIGUSR1, busy.end, "signal")
    each_loop.call_later(0.002, os.kill, os.getpid(), signal.SIGUSR1)
    each_loop.run_forever()
    each_loop.remove_signal_handler(signal.SIGUSR1)
    assert busy.ended_by == "signal"


def test_a_busy_loop_is_interrupted(each_loop: asyncio.AbstractEventLoop, busy: _Busy) -> None:
    each_loop.call_later(0.002, os.kill, os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        each_loop.run_forever()
    assert busy.ended_by is None
    assert busy.turns < _ENOUGH_TURNS
    busy.end("interrupt")
    each_loop.run_forever()


def test_tasks_that_never_sleep_are_not_alone(each_loop: asyncio.AbstractEventLoop) -> None:
    served: list[int] = []

    async def spin() -> None:
        while len(served) < 50:
            await asyncio.sleep(0)

    async def serve(reader: socket.socket) -> None:
        while len(served) < 50:
            served.append(len(await each_loop.sock_recv(reader, 1)))

    async def send(writer: socket.socket) -> None:
        for _ in range(50):
            await each_loop.sock_sendall(writer, b"x")
            await asyncio.sleep(0.0001)

    async def main() -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            theirs.setblocking(False)
            await asyncio.gather(spin(), spin(), serve(ours), send(theirs))

    each_loop.run_until_complete(asyncio.wait_for(main(), 60))
    assert served == [1] * 50


def test_one_iteration_looks_at_descriptors_even_with_callbacks_ready() -> None:
    """Programs that drive a loop an iteration at a time, from a user interface say, rely on it."""

    def scenario(loop: asyncio.AbstractEventLoop) -> object:
        ran: list[str] = []
        ours, theirs = socket.socketpair()
        with ours, theirs:
            loop.add_reader(ours, ran.append, "reader")
            theirs.send(b"x")
            for _ in range(3):
                loop.call_soon(ran.append, "callback")
                loop.call_later(0, ran.append, "timer")
                run_iteration(loop)
            loop.remove_reader(ours)
        return ran

    assert assert_same_outcome(scenario).text == repr(["callback", "reader", "timer"] * 3)


@pytest.mark.parametrize("turns", [1, 5, 31, 32, 33, 100])
def test_readiness_is_seen_in_asyncio_s_iteration(turns: int) -> None:
    def scenario(loop: asyncio.AbstractEventLoop) -> object:
        ran: list[str] = []
        ours, theirs = socket.socketpair()
        with ours, theirs:

            def read() -> None:
                ran.append(ours.recv(1).decode())

            def chain(left: int, step: Callable[[int], object]) -> None:
                ran.append(f"{left}")
                step(left)
                if left:
                    loop.call_soon(chain, left - 1, step)
                else:
                    loop.stop()

            loop.add_reader(ours, read)
            loop.call_soon(chain, turns, lambda left: left % 3 or theirs.send(b"x"))
            loop.run_forever()
            run_iteration(loop)
            loop.remove_reader(ours)
        return ran

    assert_same_outcome(scenario)
