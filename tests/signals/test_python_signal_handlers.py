"""Signal handlers and wake-up descriptors that the program installs itself, beside the loop's."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.loops import run_iteration
from support.signals import kill_from_a_thread


@pytest.fixture
def python_handler() -> Iterator[Callable[[int, Callable[[], object]], None]]:
    """Installs handlers with signal.signal, and puts back what was there."""
    before: dict[int, Any] = {}

    def install(number: int, action: Callable[[], object]) -> None:
        previous = signal.signal(number, lambda _number, _frame: action())
        before.setdefault(number, previous)

    yield install
    for number, previous in before.items():
        signal.signal(number, previous)


def test_a_python_handler_runs_while_the_loop_is_idle(
    each_loop: asyncio.AbstractEventLoop, python_handler: Callable[[int, Callable[[], object]], None]
) -> None:
    python_handler(signal.SIGUSR1, lambda: each_loop.call_soon_threadsafe(each_loop.stop))
    thread = kill_from_a_thread(signal.SIGUSR1)
    each_loop.run_forever()
    thread.join()
    assert not each_loop.is_running()


def test_an_exception_of_a_python_handler_leaves_an_idle_loop(
    each_loop: asyncio.AbstractEventLoop, python_handler: Callable[[int, Callable[[], object]], None]
) -> None:
    def fail() -> None:
        raise LookupError("from the signal handler")

    python_handler(signal.SIGUSR1, fail)
    thread = kill_from_a_thread(signal.SIGUSR1)
    with pytest.raises(LookupError, match="from the signal handler"):
        each_loop.run_forever()
    thread.join()
    assert not each_loop.is_running()
    run_iteration(each_loop)


def test_an_alarm_that_repeats(
    each_loop: asyncio.AbstractEventLoop, python_handler: Callable[[int, Callable[[], object]], None]
) -> None:
    rings: list[float] = []

    def ring() -> None:
        rings.append(each_loop.time())
        if len(rings) == 10:
            signal.setitimer(signal.ITIMER_REAL, 0)
            each_loop.call_soon_threadsafe(each_loop.stop)

    python_handler(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.003, 0.003)
    each_loop.run_forever()
    assert len(rings) == 10


def test_a_wake_up_descriptor_of_the_program_s_own(
    each_loop: asyncio.AbstractEventLoop, python_handler: Callable[[int, Callable[[], object]], None]
) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        received: list[bytes] = []

        def read() -> None:
            received.append(ours.recv(100))
            each_loop.stop()

        python_handler(signal.SIGUSR1, lambda: None)
        assert signal.set_wakeup_fd(theirs.fileno()) == -1
        try:
            each_loop.add_reader(ours, read)
            for _ in range(3):
                thread = kill_from_a_thread(signal.SIGUSR1)
                each_loop.run_forever()
                thread.join()
            each_loop.remove_reader(ours)
        finally:
            assert signal.set_wakeup_fd(-1) == theirs.fileno()
    assert received == [bytes([signal.SIGUSR1])] * 3


def test_a_wake_up_descriptor_set_while_the_loop_runs(
    each_loop: asyncio.AbstractEventLoop, python_handler: Callable[[int, Callable[[], object]], None]
) -> None:
    threads: list[threading.Thread] = []

    def set_descriptor() -> None:
        signal.set_wakeup_fd(theirs.fileno())
        # Not before: a signal that came too soon would stop nothing.
        threads.append(kill_from_a_thread(signal.SIGUSR1))

    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        python_handler(signal.SIGUSR1, lambda: None)
        each_loop.add_reader(ours, each_loop.stop)
        each_loop.call_soon(set_descriptor)
        try:
            each_loop.run_forever()
        finally:
            assert signal.set_wakeup_fd(-1) == theirs.fileno()
        threads[0].join()
        assert ours.recv(100) == bytes([signal.SIGUSR1])
        each_loop.remove_reader(ours)


def test_the_outer_descriptor_is_told_after_the_last_handler_was_removed(
    loop: asyncio.AbstractEventLoop, python_handler: Callable[[int, Callable[[], object]], None]
) -> None:
    async def main() -> None:
        loop.add_signal_handler(signal.SIGUSR2, lambda: None)
        loop.remove_signal_handler(signal.SIGUSR2)
        thread = kill_from_a_thread(signal.SIGUSR1)
        while not told:
            await asyncio.sleep(0.01)
            with contextlib.suppress(BlockingIOError):
                told.append(ours.recv(100))
        thread.join()

    told: list[bytes] = []
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        python_handler(signal.SIGUSR1, lambda: None)
        assert signal.set_wakeup_fd(theirs.fileno()) == -1
        try:
            loop.run_until_complete(asyncio.wait_for(main(), 10))
        finally:
            assert signal.set_wakeup_fd(-1) == theirs.fileno()
    assert told == [bytes([signal.SIGUSR1])]


def test_an_outer_descriptor_that_was_full_is_told_again(
    loop: asyncio.AbstractEventLoop, python_handler: Callable[[int, Callable[[], object]], None]
) -> None:
    handled = asyncio.Event()

    async def signal_handled() -> None:
        handled.clear()
        thread = kill_from_a_thread(signal.SIGUSR1)
        await handled.wait()
        thread.join()
        await asyncio.sleep(0.001)  # the loop polls, reads what the signal wrote, and passes it on

    async def main() -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(full, bytes(4096))
        await signal_handled()
        with contextlib.suppress(BlockingIOError):
            while True:
                os.read(ours, 4096)
        await signal_handled()
        assert os.read(ours, 4096) == bytes([signal.SIGUSR1])

    ours, full = os.pipe2(os.O_NONBLOCK)
    python_handler(signal.SIGUSR1, lambda: loop.call_soon(handled.set))
    assert signal.set_wakeup_fd(full, warn_on_full_buffer=False) == -1
    try:
        loop.run_until_complete(asyncio.wait_for(main(), 10))
    finally:
        assert signal.set_wakeup_fd(-1) == full
        os.close(ours)
        os.close(full)
