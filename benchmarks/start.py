"""Measure how each loop starts and idles: time to the first callback, cold callbacks, memory, processor time asleep."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import command_line
import report

FIGURES = (
    "process start to first callback, ms",
    "first 20,000 callbacks (chained), ns each",
    "RSS after the first callback, MB",
    "processor time while idle, ms",
)
PROCESS_TIMEOUT_SECONDS = 60


def observe(loop: str, idle_seconds: float) -> list[float]:
    """Return the `FIGURES` of `loop` in a fresh process that stays idle for `idle_seconds`."""
    probe = str(Path(__file__).with_name("start_probe.py"))
    command = [sys.executable, probe, loop, str(time.monotonic_ns()), str(idle_seconds)]
    timeout = PROCESS_TIMEOUT_SECONDS + idle_seconds
    process = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=timeout)
    return [float(figure) for figure in process.stdout.split()]


def row(title: str, samples: dict[str, list[float]]) -> list[str]:
    """Return a table's row: the median, the smallest and the largest figure of each loop."""
    cells = [f"{statistics.median(values):,.1f} ({min(values):,.1f}-{max(values):,.1f})" for values in samples.values()]
    return [title, *cells]


def main() -> None:
    """Observe the loops in turn, round after round, then let each idle once, and report."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--idle", type=float, default=10, metavar="SECONDS", help="idle time (default: %(default)s)")
    arguments = parser.parse_args()
    results: dict[str, dict[str, list[float]]] = {title: {loop: [] for loop in arguments.loops} for title in FIGURES}
    for _ in range(arguments.rounds):
        for loop in arguments.loops:
            for title, figure in zip(FIGURES[:-1], observe(loop, 0), strict=False):
                results[title][loop].append(figure)
    for loop in arguments.loops:
        results[FIGURES[-1]][loop].append(observe(loop, arguments.idle)[-1])
    header = [f"idle for {arguments.idle:g} s", *arguments.loops]
    table = report.table(header, (row(title, samples) for title, samples in results.items()))
    command_line.publish(arguments, {"idle_seconds": arguments.idle, "figures": results}, [table])


if __name__ == "__main__":
    main()
