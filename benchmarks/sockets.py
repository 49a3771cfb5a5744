"""Measure servers on every loop there is, each on a core of its own, and print the tables; README.md has the method."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import command_line
import generator
import loops
import socket_report
from generator import Figures, LoadError
from socket_report import UNTRIMMED, Results
from socket_workloads import WORKLOADS, Workload

START_TIMEOUT_SECONDS = 30
NO_TRIMMING = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30)}


class Setting(NamedTuple):
    """How to measure: on which cores, and for how long."""

    server_core: int
    generator_core: int
    warm_up: float
    seconds: float


@contextmanager
def served(loop: str, workload: str, core: int) -> Iterator[tuple[int, int]]:
    """Run a server in a fresh process; yields its port and process id."""
    environment = dict(os.environ)
    if loop == UNTRIMMED:
        loop = "uvloop"
        environment |= NO_TRIMMING
    command = [sys.executable, str(Path(__file__).with_name("servers.py")), loop, workload, "--core", str(core)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout
            port = process.stdout.readline()
            if not port:
                raise LoadError(f"the server did not start: exit status {process.wait(START_TIMEOUT_SECONDS)}")
            yield int(port), process.pid
        finally:
            process.kill()


def measure(loop: str, name: str, setting: Setting, *, mode: str | None = None, rate: float | None = None) -> Figures:
    """Return the figures of the workload `name` on `loop`, measured on a fresh server."""
    workload = WORKLOADS[name]
    with served(loop, name, setting.server_core) as (port, process):
        return generator.load(
            mode or workload.mode,
            port,
            server=process,
            core=setting.generator_core,
            warmup=setting.warm_up,
            seconds=setting.seconds,
            rate=rate,
            **workload.options,
        )


def half_rate(name: str, loop_names: list[str], setting: Setting) -> float:
    """Return half of what asyncio reaches, or the first loop if it is not measured: one rate for all loops."""
    reference = "asyncio" if "asyncio" in loop_names else loop_names[0]
    return measure(reference, name, setting, mode="echo")["rate"] / 2


def contestants(workload: Workload, loop_names: list[str]) -> list[str]:
    """Return the loops to measure on `workload`."""
    return [*loop_names, UNTRIMMED] if workload.untrimmed and "uvloop" in loop_names else loop_names


def measure_all(
    loop_names: list[str], names: list[str], rounds: int, setting: Setting
) -> tuple[Results, dict[str, str]]:
    """Return one sample of every figure for each round, and what failed: that loop is left out of that workload.

    Within a round, the loops follow one another on one workload, so that what is compared was measured close together;
    the loop that goes first changes from round to round.
    """
    results: Results = {name: {} for name in names}
    failures: dict[str, str] = {}
    for number in range(rounds):
        for name in names:
            rate = half_rate(name, loop_names, setting) if WORKLOADS[name].half_load else None
            order = contestants(WORKLOADS[name], loop_names)
            first = number % len(order)
            for loop in order[first:] + order[:first]:
                if f"{name} {loop}" in failures:
                    continue
                progress = f"round {number + 1}/{rounds} {name} {loop}"
                try:
                    figures = measure(loop, name, setting, rate=rate)
                except LoadError as error:
                    failures[f"{name} {loop}"] = str(error)
                    for samples in results[name].values():
                        samples.pop(loop, None)
                    print(f"{progress}: failed: {error}", file=sys.stderr)
                    continue
                for key, figure in figures.items():
                    results[name].setdefault(key, {}).setdefault(loop, []).append(figure)
                print(f"{progress}: {shown(WORKLOADS[name], figures)}", file=sys.stderr)
    return results, failures


def shown(workload: Workload, figures: Figures) -> str:
    """Return the figures of one measurement in a line."""
    return ", ".join(f"{metric.show(figures[metric.key])} {metric.unit}" for metric in workload.targets)


def cores(text: str | None) -> tuple[int, int]:
    """Return the server's core and the generator's: those of `text`, or the first and the last we may run on."""
    allowed = sorted(os.sched_getaffinity(0))
    try:
        chosen = [int(core) for core in text.split(",")] if text else [allowed[0], allowed[-1]]
    except ValueError:
        raise argparse.ArgumentTypeError("not two numbers") from None
    if len(chosen) != 2 or chosen[0] == chosen[1] or not set(chosen) <= set(allowed):
        raise argparse.ArgumentTypeError(f"needs two different cores out of {allowed}")
    return chosen[0], chosen[1]


def main() -> None:
    """Measure and report."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--only", action="append", choices=list(WORKLOADS), help="this workload; may be repeated")
    parser.add_argument("--seconds", type=float, default=2, help="measured, per figure (default: %(default)s)")
    parser.add_argument(
        "--warm-up", type=float, default=2, metavar="SECONDS", help="before that (default: %(default)s)"
    )
    parser.add_argument("--cores", type=cores, metavar="SERVER,LOAD", help="where to run (default: first and last)")
    parser.add_argument("--quick", action="store_true", help="one short round: does everything work?")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds, arguments.warm_up, arguments.seconds = 1, 1, 0.5
    server_core, generator_core = arguments.cores or cores(None)
    setting = Setting(server_core, generator_core, arguments.warm_up, arguments.seconds)
    generator.program()

    names = arguments.only or list(WORKLOADS)
    results, failures = measure_all(arguments.loops, names, arguments.rounds, setting)
    columns = [*arguments.loops, UNTRIMMED]
    tables = [socket_report.figures(results, columns)]
    if loops.SUBJECT in arguments.loops and set(loops.PEERS) & set(arguments.loops):
        tables.append(socket_report.comparison(results))
    tables.append(socket_report.shares(results, columns))
    if failures:
        tables.append("\n".join(f"- {what} failed: {why}" for what, why in failures.items()))
    command_line.publish(arguments, {"samples": results, "failures": failures}, tables)


if __name__ == "__main__":
    main()
