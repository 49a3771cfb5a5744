"""The scheduling workloads: what each one runs, and the speed promised on it.

Each function runs its workload once on an idle loop and leaves the loop idle. Nothing is bound to local names to save
look-ups: the code is what a program would write.
"""

from __future__ import annotations

import asyncio
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Targets:
    """The least speed-ups promised over asyncio, over uvloop and over the fastest other loop."""

    asyncio: float
    uvloop: float
    best_peer: float


@dataclass(frozen=True)
class Floor:
    """A time no loop can beat, in seconds for a whole run, and how many times as long a run may take."""

    seconds: float
    target: float


@dataclass(frozen=True)
class Workload:
    """A workload, run as `run(loop, operations)`; its figure is seconds per operation, or per run if it has a floor."""

    title: str
    run: Callable[[AbstractEventLoop, int], None]
    operations: int
    targets: Targets
    floor: Floor | None = None

    @property
    def unit(self) -> str:
        """The unit the figure is shown in."""
        return "ms" if self.floor else "ns"

    def figure(self, seconds: float) -> float:
        """Return the figure to report for one run that took `seconds`."""
        return seconds if self.floor else seconds / self.operations


def nothing(*_: object) -> None:
    """Do nothing: the time left is the loop's own."""


def chain(loop: AbstractEventLoop, operations: int) -> None:
    """Run one callback per iteration; it counts and schedules itself again."""
    remaining = operations

    def step() -> None:
        nonlocal remaining
        remaining -= 1
        if remaining:
            loop.call_soon(step)
        else:
            loop.stop()

    loop.call_soon(step)
    loop.run_forever()


def chain_empty(loop: AbstractEventLoop, operations: int) -> None:
    """Run one callback per iteration that schedules itself again without a line of Python code.

    The callback is the `__next__` of a `map` over the list of the callbacks to come, itself each time and last `stop`.
    """
    callbacks: list[Callable[[], object]] = []
    callback = map(loop.call_soon, callbacks).__next__
    callbacks += [callback] * (operations - 1)
    callbacks.append(loop.stop)
    callback()
    loop.run_forever()


def batch(loop: AbstractEventLoop, operations: int) -> None:
    """Schedule every callback, then run them all in one iteration."""
    for _ in range(operations):
        loop.call_soon(nothing)
    loop.call_soon(loop.stop)
    loop.run_forever()


def batch_arguments(loop: AbstractEventLoop, operations: int) -> None:
    """Do what `batch` does, with three arguments to each callback."""
    for number in range(operations):
        loop.call_soon(nothing, number, "text", None)
    loop.call_soon(loop.stop)
    loop.run_forever()


def timers(loop: AbstractEventLoop, operations: int) -> None:
    """Schedule timers that are due after 0 to 9 ms and run until the last has fired."""
    remaining = operations

    def fire() -> None:
        nonlocal remaining
        remaining -= 1
        if not remaining:
            loop.stop()

    def schedule() -> None:
        for number in range(operations):
            loop.call_later(number % 10 / 1000, fire)

    loop.call_soon(schedule)
    loop.run_forever()


def timers_cancelled(loop: AbstractEventLoop, operations: int) -> None:
    """Schedule a timer and cancel it at once, like an unneeded timeout; turn once more, for the loop to clean up."""

    async def main() -> None:
        for _ in range(operations):
            loop.call_later(30, nothing).cancel()

    loop.run_until_complete(main())


def sleep_zero(loop: AbstractEventLoop, operations: int) -> None:
    """Let one task give way to the loop again and again."""

    async def main() -> None:
        for _ in range(operations):
            await asyncio.sleep(0)

    loop.run_until_complete(main())


def gather(loop: AbstractEventLoop, operations: int) -> None:
    """Make a task of each coroutine and wait for all of them."""

    async def job() -> None:
        pass

    async def main() -> None:
        await asyncio.gather(*[job() for _ in range(operations)])

    loop.run_until_complete(main())


def queue_ping_pong(loop: AbstractEventLoop, operations: int) -> None:
    """Send a message to another task and wait for its answer, through two queues."""

    async def main() -> None:
        requests: asyncio.Queue[int] = asyncio.Queue()
        replies: asyncio.Queue[int] = asyncio.Queue()

        async def answer() -> None:
            for _ in range(operations):
                replies.put_nowait(await requests.get())

        async with asyncio.TaskGroup() as group:
            group.create_task(answer())
            for number in range(operations):
                requests.put_nowait(number)
                await replies.get()

    loop.run_until_complete(main())


def threadsafe(loop: AbstractEventLoop, operations: int) -> None:
    """Let another thread schedule callbacks while the loop runs them, until the last has run."""

    def schedule() -> None:
        for _ in range(operations - 1):
            loop.call_soon_threadsafe(nothing)
        loop.call_soon_threadsafe(loop.stop)

    thread = threading.Thread(target=schedule)
    loop.call_soon(thread.start)
    loop.run_forever()
    thread.join()


WORKLOADS = {
    "chain": Workload("chained `call_soon`, 50,000", chain, 50_000, Targets(10, 4, 1.4)),
    "chain-empty": Workload("chained, empty callback, 10,000", chain_empty, 10_000, Targets(10, 4, 1.4)),
    "batch": Workload("batch of 50,000 `call_soon`", batch, 50_000, Targets(3.5, 2, 1.3)),
    "batch-arguments": Workload("batch of 50,000, 3 arguments", batch_arguments, 50_000, Targets(3.5, 2, 1.3)),
    "timers": Workload(
        "5,000 timers of 0-9 ms, all of them", timers, 5_000, Targets(1.5, 1.3, 1.1), Floor(seconds=0.009, target=1.25)
    ),
    "timers-cancelled": Workload(
        "`call_later(30, f).cancel()`, 200,000", timers_cancelled, 200_000, Targets(6, 4, 1.2)
    ),
    "sleep-zero": Workload("`await asyncio.sleep(0)`, 20,000", sleep_zero, 20_000, Targets(4, 2, 1.15)),
    "gather": Workload("`gather` of 20,000 tasks", gather, 20_000, Targets(2, 1.3, 1.05)),
    "queue": Workload("`asyncio.Queue` ping-pong, 20,000", queue_ping_pong, 20_000, Targets(1.8, 1.25, 1.05)),
    "threadsafe": Workload("`call_soon_threadsafe` from a thread, 200,000", threadsafe, 200_000, Targets(20, 2, 1)),
}
