"""Measures one workload on one loop, in this process: ``worker.py LOOP WORKLOAD WARM_UP SECONDS QUICK`` prints JSON."""

from __future__ import annotations

import gc
import json
import resource
import statistics
import sys
from asyncio import AbstractEventLoop
from collections.abc import Callable
from time import perf_counter, process_time

from .loops import new_loop
from .scheduling import WORKLOADS

STEADY = 0.97
"""Of the time before: a workload whose time falls below this is still warming up."""
AT_MOST = 4


def once(
    run: Callable[[AbstractEventLoop, int], None], loop: AbstractEventLoop, operations: int
) -> tuple[float, float]:
    """Return the seconds and the processor seconds that a run took. Garbage is collected before, outside the time."""
    gc.collect()
    cpu, start = process_time(), perf_counter()
    run(loop, operations)
    return perf_counter() - start, process_time() - cpu


def warm_up(run: Callable[[], tuple[float, float]], seconds: float) -> None:
    """Run until it has taken `seconds` and gets no faster any more, but not for more than `AT_MOST` times as long."""
    slices: list[float] = []
    for _ in range(4 * AT_MOST):
        durations: list[float] = []
        while sum(durations) < seconds / 4:
            durations.append(run()[0])
        slices.append(min(durations))
        if len(slices) >= 4 and min(slices[-2:]) > STEADY * min(slices[-4:-2]):
            return


def main(loop_name: str, name: str, warm: float, seconds: float, quick: bool) -> None:
    """Warm up, measure, and print the figures of the median run, per operation."""
    workload = WORKLOADS[name]
    operations = max(workload.operations // (10 if quick else 1), 1)
    loop = new_loop(loop_name)

    def run() -> tuple[float, float]:
        return once(workload.run, loop, operations)

    warm_up(run, warm)
    runs = [run()]
    while sum(duration for duration, _ in runs) < seconds or len(runs) < (1 if quick else 3):
        runs.append(run())
    duration = statistics.median(duration for duration, _ in runs)
    cpu = statistics.median(cpu for _, cpu in runs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    loop.close()
    unit = 1 if workload.floor else operations
    print(json.dumps({"seconds": duration / unit, "cpu_us": cpu / operations * 1e6, "peak_mib": peak}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), sys.argv[5] == "quick")
