"""The workloads of one process: what each one runs, and the speed promised on it.

Each function runs its workload once on an idle loop and leaves the loop idle. Nothing is bound to local names to save
look-ups: the code is what a program would write.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable
from dataclasses import dataclass

from . import processes
from .loops import BEST_PEER
from .model import CPU, PEAK, Figures, Metric, Setting, Workload

NANOSECONDS = Metric("seconds", "time", "ns", scale=1e9)
MILLISECONDS = Metric("seconds", "time", "ms", scale=1e3, digits=1)


@dataclass(frozen=True, kw_only=True)
class Timed(Workload):
    """A workload that `run(loop, operations)` does; its time is per operation, or that of a run if it has a floor."""

    run: Callable[[AbstractEventLoop, int], None]
    operations: int
    floor: float | None = None
    """Seconds for a run that no loop can beat."""

    def measure(self, loop: str, setting: Setting, rate: float | None) -> Figures:
        """Measure `loop` in a process of its own, which is free to use every core."""
        del rate
        return processes.run(
            loop,
            setting,
            *("-m", "pyloop_bench.worker", loop, self.name, str(setting.warm_up), str(setting.seconds), setting.form),
        )


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


def chain_measured(loop: AbstractEventLoop, operations: int) -> None:
    """As `chain`, with every callback measured by a loop that reports slow ones; without, on a loop that cannot."""
    loop.slow_callback_threshold = 1.0  # type: ignore[attr-defined]  # PyLoop's; just an attribute of other loops
    try:
        chain(loop, operations)
    finally:
        loop.slow_callback_threshold = None  # type: ignore[attr-defined]  # as above


def snapshot(loop: AbstractEventLoop, operations: int) -> None:
    """Ask the loop what it has done, or the time where it cannot tell."""
    ask: Callable[[], object] = getattr(loop, "metrics", loop.time)
    for _ in range(operations):
        ask()


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


def batch(*arguments: object) -> Callable[[AbstractEventLoop, int], None]:
    """Return what schedules callbacks with `arguments`, then runs them all in one iteration."""

    def run(loop: AbstractEventLoop, operations: int) -> None:
        for _ in range(operations):
            loop.call_soon(nothing, *arguments)
        loop.call_soon(loop.stop)
        loop.run_forever()

    return run


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


def timers_pending(loop: AbstractEventLoop, operations: int) -> None:
    """Schedule timers that are far away, until all are pending at once; then cancel all and turn once more."""

    async def main() -> None:
        handles = [loop.call_later(1000 + number % 1000, nothing) for number in range(operations)]
        for handle in handles:
            handle.cancel()

    loop.run_until_complete(main())


def locks(loop: AbstractEventLoop, operations: int) -> None:
    """Let ten tasks hand one lock to each other."""

    async def main() -> None:
        lock = asyncio.Lock()

        async def work() -> None:
            for _ in range(operations // 10):
                async with lock:
                    await asyncio.sleep(0)

        await asyncio.gather(*[work() for _ in range(10)])

    loop.run_until_complete(main())


def mixed(loop: AbstractEventLoop, operations: int) -> None:
    """Callbacks, timers and I/O at once: each operation is a round trip over a socket, a short timer, ten callbacks."""

    async def work(left: socket.socket, right: socket.socket) -> None:
        for _ in range(operations // 10):
            await loop.sock_sendall(left, b"request")
            await loop.sock_recv(right, 64)
            timer = loop.call_later(10, nothing)
            for _ in range(10):
                loop.call_soon(nothing)
            # A loop whose clock tells milliseconds would make none of less than one.
            await asyncio.sleep(0.001)
            timer.cancel()

    async def main() -> None:
        pairs = [socket.socketpair() for _ in range(10)]
        for end in (end for pair in pairs for end in pair):
            end.setblocking(False)
        await asyncio.gather(*[work(*pair) for pair in pairs])
        for end in (end for pair in pairs for end in pair):
            end.close()

    loop.run_until_complete(main())


def spawn(loop: AbstractEventLoop, operations: int) -> None:
    """Start a program that does nothing and wait for its end, again and again."""

    async def main() -> None:
        for _ in range(operations):
            process = await asyncio.create_subprocess_exec("/bin/true")
            if await process.wait():
                raise RuntimeError("the program failed")

    loop.run_until_complete(main())


def cat(loop: AbstractEventLoop, operations: int) -> None:
    """Send 4 MiB through `cat` and back."""

    async def main() -> None:
        for _ in range(operations):
            pipe = asyncio.subprocess.PIPE
            process = await asyncio.create_subprocess_exec("/bin/cat", stdin=pipe, stdout=pipe)
            output, _ = await process.communicate(bytes(4 << 20))
            if len(output) != 4 << 20:
                raise RuntimeError("not what was sent")

    loop.run_until_complete(main())


def getaddrinfo(loop: AbstractEventLoop, operations: int) -> None:
    """Look an address up that is a number already."""

    async def main() -> None:
        for _ in range(operations):
            await loop.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)

    loop.run_until_complete(main())


def timed(
    name: str,
    title: str,
    subject: str,
    run: Callable[[AbstractEventLoop, int], None],
    operations: int,
    targets: tuple[float, ...] = (),
    floor: float | None = None,
    metric: Metric | None = None,
    distinct: bool = True,
    quick: bool = True,
    default: bool = True,
) -> Timed:
    """Return a workload with the speed-ups promised over asyncio, uvloop and the best of all peers."""
    time = metric or (MILLISECONDS if floor else NANOSECONDS)
    return Timed(
        name=name,
        title=title,
        subject=subject,
        run=run,
        operations=operations,
        metrics=(time, CPU, PEAK),
        targets={"seconds": dict(zip(("asyncio", "uvloop", BEST_PEER), targets, strict=False))} if targets else {},
        floor=floor,
        distinct=distinct,
        quick=quick,
        default=default,
    )


ARGUMENTS = (1, "text", None, 4.0)

_ALL = (
    timed("chain", "chained `call_soon`, 50,000", "Callbacks", chain, 50_000, (10, 4, 1.4)),
    timed(
        "chain-measured", "chained `call_soon`, with a threshold", "Callbacks", chain_measured, 50_000, default=False
    ),
    timed("snapshot", "`loop.metrics()`, 1,000", "Callbacks", snapshot, 1_000, default=False),
    timed("chain-empty", "10,000 empty iterations", "Callbacks", chain_empty, 10_000, (10, 4, 1.4)),
    *(
        timed(
            f"batch-{count}",
            f"batch of 50,000 `call_soon`, {count} arguments",
            "Callbacks",
            batch(*ARGUMENTS[:count]),
            50_000,
            (3.5, 2, 1.3),
            distinct=count in {0, 4},
            quick=not count,
        )
        for count in range(5)
    ),
    timed("threadsafe", "`call_soon_threadsafe` from a thread, 200,000", "Callbacks", threadsafe, 200_000, (20, 2, 1)),
    timed("timers", "5,000 timers of 0-9 ms, all of them", "Timers", timers, 5_000, (1.5, 1.3), floor=0.009),
    timed("timers-cancelled", "`call_later(30, f).cancel()`, 200,000", "Timers", timers_cancelled, 200_000),
    timed("timers-pending", "1,000,000 pending timers, cancelled", "Timers", timers_pending, 1_000_000, quick=False),
    timed("sleep-zero", "`await asyncio.sleep(0)`, 20,000", "Tasks", sleep_zero, 20_000, (4, 2, 1.15)),
    timed("gather", "`gather` of 20,000 tasks", "Tasks", gather, 20_000, (2, 1.3, 1.05)),
    timed("queue", "`asyncio.Queue` ping-pong, 20,000", "Tasks", queue_ping_pong, 20_000, (1.8, 1.25, 1.05)),
    timed("locks", "a lock that ten tasks share, 20,000", "Tasks", locks, 20_000, quick=False),
    timed("mixed", "callbacks, timers and I/O, 2,000 rounds", "Tasks", mixed, 2_000),
    timed("spawn", "spawn `/bin/true` and wait", "Processes and names", spawn, 20, (1.4, 5), metric=MILLISECONDS),
    timed("cat", "4 MiB through `cat` and back", "Processes and names", cat, 4, (2, 2), metric=MILLISECONDS),
    timed("getaddrinfo", '`getaddrinfo("127.0.0.1", 80)`', "Processes and names", getaddrinfo, 1_000, (70, 40)),
)
WORKLOADS = {workload.name: workload for workload in _ALL}
