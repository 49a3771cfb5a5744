"""The workloads about a process's life beside its work: its start, its sleep, its other threads."""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from . import loops, processes
from .model import Figures, Metric, Setting, Workload


class Start(Workload):
    """A fresh process up to its first callbacks, then asleep."""

    def measure(self, loop: str, setting: Setting, rate: float | None) -> Figures:
        """Start one process."""
        del rate
        settling, idle = (0.1, 0.2) if setting.quick else (1, 3)
        probe = str(Path(__file__).with_name("start_probe.py"))
        now = str(time.monotonic_ns())
        return processes.run(loop, setting, probe, loops.MODULES[loop], now, str(settling), str(idle))


@dataclass(frozen=True, kw_only=True)
class Fairness(Workload):
    """A second Python thread that computes while the loop never rests."""

    def measure(self, loop: str, setting: Setting, rate: float | None) -> Figures:
        """Measure how the two share the GIL."""
        del rate
        return processes.run(loop, setting, "-m", "pyloop.bench.life", loop, str(setting.seconds))


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
    subject="Threads",
    metrics=(
        Metric("thread_share", "thread's progress (alone: 100)", "%", scale=100, digits=1, compared=False),
        Metric("loop_share", "loop's progress (alone: 100)", "%", scale=100, digits=1, compared=False),
    ),
)
WORKLOADS = {workload.name: workload for workload in (START, FAIRNESS)}


def compute(stop: threading.Event, counted: list[int]) -> None:
    """Count until told to stop."""
    count = 0
    while not stop.is_set():
        for _ in range(100):
            count += 1
    counted.append(count)


def callbacks(loop_name: str, seconds: float) -> int:
    """Return how many callbacks ran, one per iteration, in that time on a warm loop."""
    loop = loops.new_loop(loop_name)
    count = 0
    end = time.perf_counter() + max(0.5, 2 * seconds)

    def step() -> None:
        nonlocal count
        count += 1
        if time.perf_counter() < end:
            loop.call_soon(step)
        else:
            loop.stop()

    loop.call_soon(step)
    loop.run_forever()
    end, count = time.perf_counter() + seconds, 0
    loop.call_soon(step)
    loop.run_forever()
    loop.close()
    return count


def main(loop_name: str, seconds: float) -> None:
    """Print what thread and loop reach together, relative to what each reaches alone."""
    stop = threading.Event()
    alone: list[int] = []
    timer = threading.Timer(seconds, stop.set)
    timer.start()
    compute(stop, alone)
    loop_alone = callbacks(loop_name, seconds)

    stop.clear()
    together: list[int] = []
    thread = threading.Thread(target=compute, args=(stop, together))
    thread.start()
    start = time.perf_counter()
    loop_together = callbacks(loop_name, seconds)
    duration = time.perf_counter() - start
    stop.set()
    thread.join()
    thread_share = together[0] / duration / (alone[0] / seconds)
    print(json.dumps({"thread_share": thread_share, "loop_share": loop_together / loop_alone}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
