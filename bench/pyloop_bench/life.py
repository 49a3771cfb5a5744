"""The workloads about a process's life beside its work: its start, its sleep, its other threads."""

from __future__ import annotations

import json
import statistics
import sys
import threading
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from . import loops, processes
from .model import Figures, Metric, Setting, Workload

T = TypeVar("T")
SLEEPS = {"smoke": (0.1, 0.2), "quick": (0.5, 1), "full": (1, 3)}
"""Seconds for compilers to be done in, and seconds asleep that are measured."""
LEAST_SECONDS = 0.8
"""In which threads can be seen to take turns, of which one may last 5 ms."""
SLICES = 5
"""Of the time that is measured: a share is the median of theirs."""


class Start(Workload):
    """A fresh process up to its first callbacks, then asleep."""

    def measure(self, loop: str, setting: Setting, rate: float | None) -> Figures:
        """Start one process."""
        del rate
        settling, idle = SLEEPS[setting.form]
        probe = str(Path(__file__).with_name("start_probe.py"))
        now = str(time.monotonic_ns())
        return processes.run(loop, setting, probe, loops.MODULES[loop], now, str(settling), str(idle))


@dataclass(frozen=True, kw_only=True)
class Fairness(Workload):
    """A second Python thread that computes while the loop never rests."""

    def measure(self, loop: str, setting: Setting, rate: float | None) -> Figures:
        """Measure how the two share the GIL; not even the quick form does with less time than that takes."""
        del rate
        warm_up, seconds = setting.warm_up, setting.seconds
        if not setting.smoke:
            warm_up, seconds = max(warm_up, LEAST_SECONDS), max(seconds, LEAST_SECONDS)
        return processes.run(loop, setting, "-m", "pyloop_bench.life", loop, str(warm_up), str(seconds))


START = Start(
    name="start",
    title="a fresh process",
    subject="Start and sleep",
    metrics=(
        Metric("first_ms", "until the first callback", "ms", digits=1),
        Metric("cold_ns", "first 20,000 callbacks, each", "ns"),
        Metric("rss_mib", "memory after the first callback", "MiB", digits=1),
        Metric("idle_ms", "CPU while idle", "ms/s", digits=2),
    ),
)
FAIRNESS = Fairness(
    name="fairness",
    title="a second thread beside a busy loop",
    quick=False,
    subject="Threads",
    metrics=(
        Metric("thread_share", "thread's progress (alone: 100)", "%", scale=100, digits=1, compared=False),
        Metric("loop_share", "loop's progress (alone: 100)", "%", scale=100, digits=1, compared=False),
    ),
)
WORKLOADS = {workload.name: workload for workload in (START, FAIRNESS)}


class Progress:
    """A thread that computes when it is told to, and counts what it did."""

    def __init__(self) -> None:
        self.count = 0
        self.wanted = threading.Event()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        """Count while it is wanted."""
        while self.wanted.wait():
            for _ in range(100):
                self.count += 1

    def during(self, action: Callable[[], T]) -> tuple[T, float]:
        """Compute beside `action`; return its result, and the steps done per second."""
        before, start = self.count, time.perf_counter()
        self.wanted.set()
        result = action()
        while self.count == before:
            # On a busy machine a thread may not have begun yet.
            time.sleep(0.001)
        self.wanted.clear()
        return result, (self.count - before) / (time.perf_counter() - start)


def callbacks(loop: AbstractEventLoop, seconds: float) -> float:
    """Return how many callbacks ran per second, one per iteration."""
    count = 0
    start = time.perf_counter()
    end = start + seconds

    def step() -> None:
        nonlocal count
        count += 1
        if time.perf_counter() < end:
            loop.call_soon(step)
        else:
            loop.stop()

    loop.call_soon(step)
    loop.run_forever()
    return count / (time.perf_counter() - start)


def main(loop_name: str, warm: float, seconds: float) -> None:
    """Print what thread and loop reach together, relative to what each reaches alone.

    Slices alone and slices together take turns: what slows this process down from outside, and compilers that are not
    done yet, then weigh on both. Progress is counted per second of the slice, not of what was meant to be its length.
    """
    loop = loops.new_loop(loop_name)
    thread = Progress()
    callbacks(loop, warm)
    shares: list[tuple[float, float]] = []
    length = seconds / SLICES
    for _ in range(SLICES):
        loop_alone = callbacks(loop, length)
        _, thread_alone = thread.during(lambda: time.sleep(length))
        loop_together, thread_together = thread.during(lambda: callbacks(loop, length))
        shares.append((loop_together / loop_alone, thread_together / thread_alone))
    loop.close()
    loop_share, thread_share = (statistics.median(values) for values in zip(*shares, strict=True))
    print(json.dumps({"thread_share": thread_share, "loop_share": loop_share}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
