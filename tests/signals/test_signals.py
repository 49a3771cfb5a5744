"""Signal handlers of the loop run promptly, whichever thread the kernel hands the signal to."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

import pyloop
from support.descriptors import open_descriptors
from support.loops import LoopFactory, fresh_loop, run_idle, run_iteration
from support.outcomes import assert_same_kind, assert_same_outcome, outcome_of
from support.signals import kill_from_a_thread


def test_a_handler_is_called_with_its_arguments(each_loop: asyncio.AbstractEventLoop) -> None:
    received: list[tuple[object, ...]] = []

    def handle(*arguments: object) -> None:
        received.append(arguments)
        each_loop.stop()

    each_loop.add_signal_handler(signal.SIGUSR1, handle, 1, "two")
    thread = kill_from_a_thread(signal.SIGUSR1)
    each_loop.run_forever()
    thread.join()
    assert received == [(1, "two")]
    assert each_loop.remove_signal_handler(signal.SIGUSR1)
    assert not each_loop.remove_signal_handler(signal.SIGUSR1)


def test_different_signals_reach_their_handlers(each_loop: asyncio.AbstractEventLoop) -> None:
    numbers = [signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, signal.SIGTERM, signal.SIGWINCH, signal.SIGQUIT]
    received: list[signal.Signals] = []

    def handle(number: signal.Signals) -> None:
        received.append(number)
        if len(received) == len(numbers):
            each_loop.stop()

    for number in numbers:
        each_loop.add_signal_handler(number, handle, number)
    thread = kill_from_a_thread(*numbers)
    each_loop.run_forever()
    thread.join()
    assert sorted(received) == sorted(numbers)
    assert all(each_loop.remove_signal_handler(number) for number in numbers)


def test_a_burst_of_signals(each_loop: asyncio.AbstractEventLoop) -> None:
    received: list[str] = []
    # asyncio has no room for many until it reads them, and the last must not be among those that it loses.
    number = 100 if type(each_loop) is asyncio.SelectorEventLoop else 5000

    def send() -> None:
        for _ in range(number):
            os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGUSR2)

    each_loop.add_signal_handler(signal.SIGUSR1, received.append, "one of many")
    each_loop.add_signal_handler(signal.SIGUSR2, each_loop.stop)
    thread = threading.Thread(target=send)
    thread.start()
    each_loop.run_forever()
    thread.join()
    run_idle(each_loop)
    assert 1 <= len(received) <= number
    each_loop.remove_signal_handler(signal.SIGUSR1)
    each_loop.remove_signal_handler(signal.SIGUSR2)


def test_handlers_run_in_the_order_in_which_the_signals_came(each_loop: asyncio.AbstractEventLoop) -> None:
    # Neither by number nor by when the handlers were added.
    sent = [signal.SIGUSR2, signal.SIGHUP, signal.SIGRTMIN + 2, signal.SIGUSR1, signal.SIGRTMIN, signal.SIGHUP]
    received: list[int] = []
    for number in sorted(set(sent)):
        each_loop.add_signal_handler(number, received.append, number)

    def send() -> None:
        # The sender is who takes a signal, unless it is blocked there, and takes it before it goes on.
        for number in sent:
            os.kill(os.getpid(), number)

    each_loop.call_soon(send)
    run_idle(each_loop)
    assert received == sent
    assert all(each_loop.remove_signal_handler(number) for number in set(sent))


def test_every_real_time_signal_counts(each_loop: asyncio.AbstractEventLoop) -> None:
    """The kernel queues them, where another signal that waits already is lost."""
    number = 50
    queued, merged = signal.SIGRTMIN + 1, signal.SIGUSR1
    received: list[int] = []
    for one in (queued, merged):
        each_loop.add_signal_handler(one, received.append, one)
    signal.pthread_sigmask(signal.SIG_BLOCK, [queued, merged])
    try:
        for _ in range(number):
            os.kill(os.getpid(), queued)
            os.kill(os.getpid(), merged)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [queued, merged])
    run_idle(each_loop)
    assert received.count(queued) == number
    assert 1 <= received.count(merged) <= number
    for one in (queued, merged):
        each_loop.remove_signal_handler(one)


def test_bursts_of_real_time_signals_from_several_threads(each_loop: asyncio.AbstractEventLoop) -> None:
    # Fewer in all than asyncio has room for.
    each = 50
    numbers = [signal.SIGRTMIN + offset for offset in range(4)]
    received: list[int] = []

    def handle(number: int) -> None:
        received.append(number)
        if len(received) == each * len(numbers):
            each_loop.stop()

    def send(number: int) -> None:
        for _ in range(each):
            os.kill(os.getpid(), number)

    threads = [threading.Thread(target=send, args=[number]) for number in numbers]
    for number in numbers:
        each_loop.add_signal_handler(number, handle, number)
    for thread in threads:
        thread.start()
    each_loop.run_forever()
    for thread in threads:
        thread.join()
    assert sorted(received) == sorted(numbers * each)
    for number in numbers:
        each_loop.remove_signal_handler(number)


def test_a_signal_during_a_callback_is_handled_in_its_turn() -> None:
    def scenario(loop: Any) -> object:
        events: list[str] = []

        def follow(step: int) -> None:
            events.append(f"step {step}")
            if step < 6:
                loop.call_soon(follow, step + 1)

        def work() -> None:
            loop.call_soon(follow, 1)
            os.kill(os.getpid(), signal.SIGUSR1)
            events.append("working")
            os.kill(os.getpid(), signal.SIGUSR2)
            events.append("done")

        ours, theirs = socket.socketpair()
        with ours, theirs:
            # With a descriptor to watch, every iteration polls.
            loop.add_reader(ours, print)
            loop.add_signal_handler(signal.SIGUSR1, events.append, "first")
            loop.add_signal_handler(signal.SIGUSR2, events.append, "second")
            loop.call_soon(work)
            run_idle(loop)
            loop.remove_reader(ours)
            loop.remove_signal_handler(signal.SIGUSR1)
            loop.remove_signal_handler(signal.SIGUSR2)
        return events

    assert_same_outcome(scenario)


def test_signals_among_callbacks_that_never_end(each_loop: asyncio.AbstractEventLoop) -> None:
    """A loop that is always busy, and watches nothing, looks for signals all the same."""
    received: list[int] = []

    def busy() -> None:
        if len(received) < 100:
            each_loop.call_soon(busy)
        else:
            each_loop.stop()

    def handle() -> None:
        received.append(1)
        os.kill(os.getpid(), signal.SIGUSR1)

    each_loop.add_signal_handler(signal.SIGUSR1, handle)
    each_loop.call_soon(busy)
    os.kill(os.getpid(), signal.SIGUSR1)
    each_loop.run_forever()
    run_idle(each_loop)
    assert len(received) >= 100
    each_loop.remove_signal_handler(signal.SIGUSR1)


def test_a_loop_that_cannot_watch_for_signals_leaves_no_descriptor_behind() -> None:
    base: Any = pyloop.EventLoop

    class Refused(base):  # type: ignore[misc]
        def _add_reader(self, *_arguments: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    pyloop.new_event_loop().close()  # what the first loop of a process opens stays open
    before = open_descriptors()
    for _ in range(3):
        with pytest.raises(OSError, match="No space left"):
            Refused()
    assert open_descriptors() == before


def test_a_signal_between_two_runs_is_handled_in_the_next(each_loop: asyncio.AbstractEventLoop) -> None:
    received: list[str] = []
    each_loop.add_signal_handler(signal.SIGUSR1, received.append, "handled")
    run_iteration(each_loop)
    os.kill(os.getpid(), signal.SIGUSR1)
    assert received == []
    run_idle(each_loop)
    assert received == ["handled"]
    each_loop.remove_signal_handler(signal.SIGUSR1)


def test_a_new_handler_replaces_the_old_one(each_loop: asyncio.AbstractEventLoop) -> None:
    received: list[str] = []
    each_loop.add_signal_handler(signal.SIGUSR1, received.append, "old")
    each_loop.add_signal_handler(signal.SIGUSR1, received.append, "new")
    os.kill(os.getpid(), signal.SIGUSR1)
    run_idle(each_loop)
    assert received == ["new"]
    each_loop.remove_signal_handler(signal.SIGUSR1)


def test_removing_a_handler_restores_the_default() -> None:
    def scenario(loop: Any) -> object:
        loop.add_signal_handler(signal.SIGUSR1, print)
        loop.add_signal_handler(signal.SIGINT, print)
        inside = [signal.getsignal(number) for number in (signal.SIGUSR1, signal.SIGINT)]
        removed = [loop.remove_signal_handler(number) for number in (signal.SIGUSR1, signal.SIGINT)]
        return inside, removed, [signal.getsignal(number) for number in (signal.SIGUSR1, signal.SIGINT)]

    # The default, not what there was: a background job of a shell's ignores SIGINT.
    before = signal.getsignal(signal.SIGINT)
    try:
        assert_same_outcome(scenario)
    finally:
        signal.signal(signal.SIGINT, before)


def test_closing_the_loop_removes_its_handlers(each_factory: LoopFactory) -> None:
    with fresh_loop(each_factory) as loop:
        loop.add_signal_handler(signal.SIGUSR1, print)
        loop.add_signal_handler(signal.SIGUSR2, print)
        loop.close()
    assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL
    assert signal.getsignal(signal.SIGUSR2) == signal.SIG_DFL


def test_the_loop_may_handle_the_end_of_children(each_loop: asyncio.AbstractEventLoop) -> None:
    ended: list[str] = []

    async def main() -> int:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", "raise SystemExit(3)")
        return await process.wait()

    each_loop.add_signal_handler(signal.SIGCHLD, ended.append, "child")
    assert each_loop.run_until_complete(main()) == 3
    while not ended:
        run_iteration(each_loop)
    assert each_loop.remove_signal_handler(signal.SIGCHLD)


async def _coroutine_function() -> None:
    """Not a signal handler."""


@pytest.mark.parametrize(
    "misuse",
    [
        lambda loop: loop.add_signal_handler("SIGUSR1", print),
        lambda loop: loop.add_signal_handler(None, print),
        lambda loop: loop.add_signal_handler(0, print),
        lambda loop: loop.add_signal_handler(-1, print),
        lambda loop: loop.add_signal_handler(1000, print),
        lambda loop: loop.add_signal_handler(signal.SIGKILL, print),
        lambda loop: loop.add_signal_handler(signal.SIGSTOP, print),
        lambda loop: loop.add_signal_handler(signal.SIGUSR1, _coroutine_function),
        lambda loop: loop.remove_signal_handler("SIGUSR1"),
        lambda loop: loop.remove_signal_handler(1000),
        lambda loop: loop.remove_signal_handler(signal.SIGUSR1),
    ],
)
def test_misuse(misuse: Callable[[Any], object]) -> None:
    assert_same_outcome(misuse)


@pytest.mark.parametrize("misuse", [lambda loop: loop.add_signal_handler(10), lambda loop: loop.add_signal_handler()])
def test_wrong_arguments(misuse: Callable[[Any], object]) -> None:
    assert assert_same_kind(misuse).raised == "TypeError"


def test_only_the_main_thread_handles_signals() -> None:
    def scenario(loop: Any) -> object:
        outcomes: list[object] = []
        add = threading.Thread(
            target=lambda: outcomes.append(outcome_of(lambda: loop.add_signal_handler(signal.SIGUSR1, print)))
        )
        add.start()
        add.join()
        return outcomes

    assert "RuntimeError" in assert_same_outcome(scenario).text


def test_children_start_with_no_signal_blocked_or_ignored(each_loop: asyncio.AbstractEventLoop) -> None:
    """The engine's threads block signals; what the program starts must not inherit that."""
    program = "print([line.split()[1] for line in open('/proc/self/status') if line.startswith(('SigBlk', 'SigIgn'))])"
    outside = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    async def main() -> str:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        return output.decode()

    assert each_loop.run_until_complete(main()) == outside
