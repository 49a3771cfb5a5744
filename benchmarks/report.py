"""From samples to tables: medians, paired ratios, and whether the targets were reached."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable

from loops import CONTROL, PEERS, SUBJECT
from workloads import WORKLOADS, Workload

Samples = dict[str, list[float]]
"""Per loop, one figure in seconds for each round."""


def figure(workload: Workload, seconds: float) -> str:
    """Return `seconds` as a number in the unit of `workload`'s figures."""
    return f"{seconds * 1e9:,.0f}" if workload.unit == "ns" else f"{seconds * 1e3:.1f}"


def ratios(samples: Samples, slower: str, faster: str) -> list[float]:
    """Return, round by round, how many times as fast as `slower` the loop `faster` was."""
    return [slow / fast for slow, fast in zip(samples[slower], samples[faster], strict=True)]


def best_peer(samples: Samples) -> str:
    """Return the name of the fastest loop besides the subject, by its median."""
    return min((name for name in PEERS if name in samples), key=lambda name: statistics.median(samples[name]))


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    titles = list(header)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def figures(results: dict[str, Samples]) -> str:
    """Return the table of every loop's figures: the median over the rounds, and the smallest and largest."""
    loops = list(next(iter(results.values())))
    return table(
        ["workload", "unit", *loops],
        (_figures(WORKLOADS[name], samples, loops) for name, samples in results.items()),
    )


def comparison(results: dict[str, Samples]) -> str:
    """Return the table of the subject's speed relative to its peers, against the targets."""
    return table(
        ["workload", "vs asyncio", "vs uvloop", "vs the best peer", "vs the floor", "noise (asyncio vs asyncio)"],
        (_comparison(WORKLOADS[name], samples) for name, samples in results.items()),
    )


def _figures(workload: Workload, samples: Samples, loops: list[str]) -> list[str]:
    cells = (spread(samples[loop], lambda seconds: figure(workload, seconds)) for loop in loops)
    return [workload.title, workload.unit, *cells]


def _comparison(workload: Workload, samples: Samples) -> list[str]:
    peer = best_peer(samples)
    noise = spread(ratios(samples, "asyncio", CONTROL), times) if {"asyncio", CONTROL} <= samples.keys() else "-"
    return [
        workload.title,
        _speed_up(samples, "asyncio", workload.targets.asyncio),
        _speed_up(samples, "uvloop", workload.targets.uvloop),
        f"{peer}: {_speed_up(samples, peer, workload.targets.best_peer)}",
        _above_floor(workload, samples[SUBJECT]),
        noise,
    ]


def _speed_up(samples: Samples, peer: str, target: float) -> str:
    if peer not in samples:
        return "-"
    measured = ratios(samples, peer, SUBJECT)
    return f"{spread(measured, times)}, ≥ {target:g}x {verdict(statistics.median(measured) >= target)}"


def _above_floor(workload: Workload, measured: list[float]) -> str:
    floor = workload.floor
    if floor is None:
        return "-"
    above = [seconds / floor.seconds for seconds in measured]
    return f"{spread(above, times)}, ≤ {floor.target:g}x {verdict(statistics.median(above) <= floor.target)}"


def verdict(reached: bool) -> str:
    """Return the word for a target that was `reached` or not."""
    return "reached" if reached else "**missed**"


def times(ratio: float) -> str:
    """Return a ratio to show."""
    return f"{ratio:.2f}x"


def spread(values: list[float], show: Callable[[float], str]) -> str:
    """Return the median of `values`, with the smallest and the largest in brackets."""
    return f"{show(statistics.median(values))} ({show(min(values))}-{show(max(values))})"
