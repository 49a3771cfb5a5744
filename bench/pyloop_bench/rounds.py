"""Measures every workload on every loop, round after round."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

from . import loops
from .model import Figures, MeasurementError, Setting, UnmeasurableError, Workload
from .report import Report, Result

Observer = Callable[[Result, str, Figures], None]
"""Is told of every measurement."""


def contestants(workload: Workload, names: list[str]) -> list[str]:
    """Return the loops to measure on `workload`."""
    return [*names, loops.UNTRIMMED] if workload.untrimmed and "uvloop" in names else names


def orders(workload: Workload, names: list[str], rounds: int) -> Iterator[list[str]]:
    """Yield the order of the loops in each round: another one goes first each time."""
    order = contestants(workload, names)
    for number in range(rounds):
        first = number % len(order)
        yield order[first:] + order[:first]


def measure_all(
    report: Report,
    workloads: list[Workload],
    rounds: int,
    setting: Setting,
    observe: Observer,
    most_seconds: float = math.inf,
) -> None:
    """Fill `report`, a sample of every figure for each round.

    Within a round the loops follow one another on one workload, so that what is compared was measured close together.
    A loop that fails is left out of that workload. A round for which `most_seconds` leave no time is not begun.
    """
    start = time.monotonic()
    results = [report.add(workload) for workload in workloads]
    schedules = [orders(workload, report.loops, rounds) for workload in workloads]
    for done in range(rounds):
        if done and (time.monotonic() - start) * (done + 1) / done > most_seconds:
            return
        for workload, result, schedule in zip(workloads, results, schedules, strict=True):
            if workload.title in report.unmeasured:
                continue
            try:
                rate = workload.prepare(setting, report.loops)
                for loop in next(schedule):
                    _measure(report, workload, result, loop, setting, rate, observe)
            except UnmeasurableError as error:
                report.unmeasured[workload.title] = str(error)
            except MeasurementError as error:
                report.failures[f"{workload.title}, what was to be prepared"] = str(error)


def _measure(
    report: Report,
    workload: Workload,
    result: Result,
    loop: str,
    setting: Setting,
    rate: float | None,
    observe: Observer,
) -> None:
    failure = f"{workload.title}, {loop}"
    if failure in report.failures:
        return
    try:
        figures = workload.measure(loop, setting, rate)
    except MeasurementError as error:
        report.failures[failure] = str(error)
        for samples in result.samples.values():
            samples.pop(loop, None)
        figures = {}
    for key, figure in figures.items():
        result.samples.setdefault(key, {}).setdefault(loop, []).append(figure)
    observe(result, loop, figures)
