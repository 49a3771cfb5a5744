"""Show how much the engine allocates on the Java heap per operation, once warm: it should be nothing.

The young generation is made so small that a few bytes per operation would fill it many times. The JVM logs every time
it does; between two of those pauses no more than its size can have been allocated.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from asyncio import AbstractEventLoop
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from pyloop_bench import loops, tables
from pyloop_bench.scheduling import WORKLOADS, Timed

YOUNG_GENERATION_BYTES = 2 << 20


@contextmanager
def collector_log() -> Iterator[Path]:
    """Have this process start a JVM that keeps its young generation small and logs collections to the file yielded."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "gc.log")
        os.environ["PYLOOP_ENGINE"] = "jvm"
        given = os.environ.get("PYLOOP_JVM_OPTIONS", "")
        os.environ["PYLOOP_JVM_OPTIONS"] = f"{given} -Xmn{YOUNG_GENERATION_BYTES} -Xlog:gc:file={log}".strip()
        yield log


def pauses(log: Path) -> int:
    """Return the number of collections so far; RuntimeError if there is no log, for that would look like none."""
    if not log.exists():
        raise RuntimeError("no JVM has opened the log: PYLOOP_JVM_OPTIONS did not reach it")
    return sum("Pause" in line for line in log.read_text().splitlines())


def run_for(loop: AbstractEventLoop, workload: Timed, seconds: float) -> int:
    """Repeat `workload` for at least `seconds` and return the number of operations."""
    operations = 0
    end = perf_counter() + seconds
    while perf_counter() < end:
        workload.run(loop, workload.operations)
        operations += workload.operations
    return operations


def main() -> None:
    """Warm each workload up, run it on, and print how often the young generation filled up in either phase."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="duration of either phase (default: %(default)s)")
    parser.add_argument("--only", action="append", choices=list(WORKLOADS), help="this workload; may be repeated")
    arguments = parser.parse_args()
    rows = []
    with collector_log() as log:
        loop = loops.new_loop(loops.SUBJECT)
        for workload in (WORKLOADS[name] for name in arguments.only or WORKLOADS):
            start = pauses(log)
            run_for(loop, workload, arguments.seconds)
            warm = pauses(log)
            operations = run_for(loop, workload, arguments.seconds)
            filled = pauses(log) - warm
            most = (filled + 1) * YOUNG_GENERATION_BYTES / operations
            rows.append([workload.title, str(warm - start), f"{operations:,}", str(filled), f"< {most:.2f}"])
        loop.close()
    header = ["workload", "collections warming up", "operations measured", "collections", "bytes per operation"]
    print(tables.table(header, rows))


if __name__ == "__main__":
    main()
