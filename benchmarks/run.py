"""Measure the scheduling workloads on every loop there is and print the tables; README.md explains the method."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import command_line
import loops
import report
from workloads import WORKLOADS

PROCESS_TIMEOUT_SECONDS = 300


def measure(loop: str, workload: str) -> float:
    """Return the figure, in seconds, of `workload` on `loop`, measured in a fresh process."""
    command = [sys.executable, str(Path(__file__).with_name("measure.py")), loop, workload]
    process = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=PROCESS_TIMEOUT_SECONDS)
    return float(process.stdout)


def measure_all(loop_names: list[str], workload_names: list[str], rounds: int) -> dict[str, report.Samples]:
    """Return, per workload and loop, one figure for each round.

    Within a round, the loops follow one another on one workload, so that what is compared was measured close together;
    the loop that goes first changes from round to round.
    """
    results: dict[str, report.Samples] = {name: {loop: [] for loop in loop_names} for name in workload_names}
    for number in range(rounds):
        first = number % len(loop_names)
        for workload in workload_names:
            for loop in loop_names[first:] + loop_names[:first]:
                seconds = measure(loop, workload)
                results[workload][loop].append(seconds)
                shown = f"{report.figure(WORKLOADS[workload], seconds)} {WORKLOADS[workload].unit}"
                print(f"round {number + 1}/{rounds} {workload} {loop}: {shown}", file=sys.stderr)
    return results


def main() -> None:
    """Measure and report."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--only", action="append", choices=list(WORKLOADS), help="this workload; may be repeated")
    arguments = parser.parse_args()
    results = measure_all(arguments.loops, arguments.only or list(WORKLOADS), arguments.rounds)
    tables = [report.figures(results)]
    if loops.SUBJECT in arguments.loops and set(loops.PEERS) & set(arguments.loops):
        tables.append(report.comparison(results))
    command_line.publish(arguments, {"seconds": results}, tables)


if __name__ == "__main__":
    main()
