"""Timers, threads and signals."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

from faults.scenarios.bytes_ import WrongBytesError


async def timers() -> None:
    """In the order of their deadlines, without those that are cancelled."""
    loop = asyncio.get_running_loop()
    ran: list[int] = []
    done = loop.create_future()
    start = loop.time()
    delays = [number * 5 % 21 / 3000 for number in range(21)]
    handles = [loop.call_at(start + delay, ran.append, number) for number, delay in enumerate(delays)]
    for number in (3, 6, 20):
        handles[number].cancel()
    loop.call_at(start + 0.008, done.set_result, None)
    await done
    await asyncio.sleep(0.001)
    if ran != sorted(set(range(21)) - {3, 6, 20}, key=delays.__getitem__):
        raise WrongBytesError("timers ran in another order")


async def threads() -> None:
    """Calls from a thread while the loop sleeps, and work that an executor does."""
    loop = asyncio.get_running_loop()
    arrived: list[int] = []
    done = loop.create_future()

    def arrive(number: int) -> None:
        arrived.append(number)
        if number == 19:
            done.set_result(None)

    def call() -> None:
        for number in range(20):
            loop.call_soon_threadsafe(arrive, number)

    thread = threading.Thread(target=call)
    thread.start()
    try:
        await done
    finally:
        thread.join()
    if arrived != list(range(20)) or await loop.run_in_executor(None, sum, arrived) != 190:
        raise WrongBytesError("calls from a thread came in another order")


async def signals() -> None:
    """A signal that the process sends to itself, heeded by the loop."""
    loop = asyncio.get_running_loop()
    seen = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, seen.set)
    try:
        os.kill(os.getpid(), signal.SIGUSR1)
        await seen.wait()
    finally:
        loop.remove_signal_handler(signal.SIGUSR1)
