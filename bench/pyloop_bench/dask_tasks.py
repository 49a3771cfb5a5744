"""The workload of Dask, measured where the package ``distributed`` is installed, if it is named.

As a program, ``dask_tasks.py LOOP FORM``, it is scheduler, worker and client on one loop, and prints JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Any

from . import loops, processes
from .model import CPU, PEAK, Figures, Metric, Setting, UnmeasurableError, Workload
from .worker import operations_of

OPERATIONS = 10_000


@dataclass(frozen=True, kw_only=True)
class Dask(Workload):
    """Small tasks from a client through the scheduler to a worker and back, over TCP."""

    def prepare(self, setting: Setting, loops: list[str]) -> float | None:
        """Look whether Dask is there.

        Raises:
            UnmeasurableError: it is not.
        """
        del loops
        if subprocess.run([setting.python, "-c", "import distributed"], capture_output=True).returncode:
            raise UnmeasurableError("Dask is not installed: pip install distributed")
        return None

    def measure(self, loop: str, setting: Setting, rate: float | None) -> Figures:
        """Measure `loop` in a process of its own, which is free to use every core."""
        del rate
        name, _ = processes.environment(loop)
        return processes.run(loop, setting, "-m", "pyloop_bench.dask_tasks", name, setting.form)


_DASK = Dask(
    name="dask",
    title="Dask, 10,000 small tasks",
    subject="Tasks",
    metrics=(Metric("seconds", "time", "µs", scale=1e6), CPU, PEAK),
    default=False,
)
WORKLOADS = {_DASK.name: _DASK}


def increased(number: int) -> int:
    """Do as little as a task can."""
    return number + 1


async def run(operations: int) -> tuple[float, float]:
    """Return the seconds and the processor seconds of so many tasks, after a tenth of them to warm up."""
    # By its name and here, because those who only want to know the workloads can do without.
    distributed: Any = importlib.import_module("distributed")
    local = distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        protocol="tcp://",  # or else they would hand each other objects
        dashboard_address=None,
        asynchronous=True,
    )
    async with local as cluster, distributed.Client(cluster, asynchronous=True) as client:
        for count in (max(operations // 10, 1), operations):
            cpu, start = process_time(), perf_counter()
            results = await client.gather(client.map(increased, range(count), pure=False))
            figures = perf_counter() - start, process_time() - cpu
            if results != [number + 1 for number in range(count)]:
                raise RuntimeError("not the results that were expected")
    return figures


def main(loop_name: str, form: str) -> None:
    """Have the tasks done, and print the figures for each."""
    operations = operations_of(form, OPERATIONS)
    loop = loops.new_loop(loop_name)
    duration, cpu = loop.run_until_complete(run(operations))
    loop.close()
    peak = processes.peak_mib(os.getpid())
    print(json.dumps({"seconds": duration / operations, "cpu_us": cpu / operations * 1e6, "peak_mib": peak}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
