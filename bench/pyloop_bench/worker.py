"""Measures one workload on one loop, in this process: ``worker.py LOOP WORKLOAD WARM_UP SECONDS FORM`` prints JSON."""

from __future__ import annotations

import gc
import json
import os
import statistics
import sys
from asyncio import AbstractEventLoop
from collections.abc import Callable
from time import perf_counter, process_time

from . import processes
from .loops import new_loop
from .scheduling import WORKLOADS

STEADY = 0.97
"""Of the time before: a workload whose time falls below this is still warming up."""
AT_MOST = 4
COLLECTED_SECONDS = 0.02
"""Of runs, after which garbage is collected before the next."""
LEAST_RUNS = {"quick": 1, "full": 3}
SMOKE_OPERATIONS = 20
"""Ten tasks share the operations of some workloads."""


def repeated(
    run: Callable[[AbstractEventLoop, int], None], loop: AbstractEventLoop, operations: int
) -> Callable[[], tuple[float, float]]:
    """Return what runs once and returns the seconds and the processor seconds that it took.

    Garbage is collected before, outside the time; not before each of many short runs, which would be most of the time.
    """
    uncollected = COLLECTED_SECONDS

    def once() -> tuple[float, float]:
        nonlocal uncollected
        if uncollected >= COLLECTED_SECONDS:
            gc.collect()
            uncollected = 0.0
        cpu, start = process_time(), perf_counter()
        run(loop, operations)
        duration = perf_counter() - start
        uncollected += duration
        return duration, process_time() - cpu

    return once


def warm_up(run: Callable[[], tuple[float, float]], seconds: float) -> None:
    """Run until it has taken `seconds` and gets no faster any more, but not for more than `AT_MOST` times as long."""
    slices: list[float] = []
    spent = 0.0
    while spent < AT_MOST * seconds:
        durations: list[float] = []
        while sum(durations) < seconds / 4:
            durations.append(run()[0])
        spent += sum(durations)
        slices.append(min(durations))
        if len(slices) >= 4 and min(slices[-2:]) > STEADY * min(slices[-4:-2]):
            return


def measure(run: Callable[[], tuple[float, float]], warm: float, seconds: float, form: str) -> tuple[float, float]:
    """Return the seconds and the processor seconds of the median run, after the warm-up that the form asks for."""
    if form == "smoke":
        return run()
    warm_up(run, warm)
    runs = [run()]
    while sum(duration for duration, _ in runs) < seconds or len(runs) < LEAST_RUNS[form]:
        runs.append(run())
    return statistics.median(duration for duration, _ in runs), statistics.median(cpu for _, cpu in runs)


def operations_of(form: str, operations: int) -> int:
    """Return how many of a workload's operations to do in one run."""
    if form == "smoke":
        return min(operations, SMOKE_OPERATIONS)
    return max(operations // 10, 1) if form == "quick" else operations


def main(loop_name: str, name: str, warm: float, seconds: float, form: str) -> None:
    """Warm up, measure, and print the figures of the median run, per operation."""
    workload = WORKLOADS[name]
    operations = operations_of(form, workload.operations)
    loop = new_loop(loop_name)
    duration, cpu = measure(repeated(workload.run, loop, operations), warm, seconds, form)
    peak = processes.peak_mib(os.getpid())
    loop.close()
    unit = 1 if workload.floor else operations
    print(json.dumps({"seconds": duration / unit, "cpu_us": cpu / operations * 1e6, "peak_mib": peak}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), sys.argv[5])
