"""Measure one workload on one loop, in this process: `measure.py LOOP WORKLOAD` prints the figure in seconds."""

from __future__ import annotations

import gc
import statistics
import sys
from asyncio import AbstractEventLoop
from time import perf_counter

from loops import new_loop
from workloads import WORKLOADS, Workload

WARM_UP_SECONDS = 1.5
"""Enough for CPython's specializing interpreter and the JVM's compilers; `start.py` shows what comes before."""
MEASURED_SECONDS = 1.0
LEAST_REPETITIONS = 3


def repeat(loop: AbstractEventLoop, workload: Workload, seconds: float) -> list[float]:
    """Run `workload` for at least `seconds` and `LEAST_REPETITIONS` times; return the seconds each repetition took.

    Garbage is collected before each repetition, so that none pays for the one before it. The collector stays on.
    """
    durations: list[float] = []
    while len(durations) < LEAST_REPETITIONS or sum(durations) < seconds:
        gc.collect()
        start = perf_counter()
        workload.run(loop, workload.operations)
        durations.append(perf_counter() - start)
    return durations


def main(loop_name: str, workload_name: str) -> None:
    """Warm up, measure, and print the median repetition's figure."""
    loop = new_loop(loop_name)
    workload = WORKLOADS[workload_name]
    repeat(loop, workload, WARM_UP_SECONDS)
    print(workload.figure(statistics.median(repeat(loop, workload, MEASURED_SECONDS))))
    loop.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
