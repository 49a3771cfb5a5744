"""From samples of the socket workloads to tables: figures, and paired ratios against the targets."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator

from loops import CONTROL, PEERS, SUBJECT
from report import Samples, spread, table, times, verdict
from socket_workloads import WORKLOADS, Metric, Target

Results = dict[str, dict[str, Samples]]
"""Per workload, name of a figure and loop: one figure for each round."""

UNTRIMMED = "uvloop-untrimmed"
SERVER_SHARE = "server_share"
GENERATOR_SHARE = "generator_share"
SATURATED = 0.95
"""Of a core: a process that used more was kept waiting by nothing else."""


def figures(results: Results, loops: list[str]) -> str:
    """Return the table of every loop's figures: the median over the rounds, and the smallest and largest."""
    loops = [loop for loop in loops if any(loop in samples for _, _, _, samples in _rows(results))]
    rows = [
        [title, metric.unit, *(spread(samples[loop], metric.show) if loop in samples else "-" for loop in loops)]
        for title, metric, _, samples in _rows(results)
    ]
    return table(["workload", "unit", *loops], rows)


def comparison(results: Results) -> str:
    """Return the table of the subject's figures relative to its peers', against the targets."""
    header = ["workload", "vs asyncio", "vs uvloop", "vs the best other", "noise (asyncio vs asyncio)"]
    return table(header, (_comparison(*row) for row in _rows(results) if row[1].compared and SUBJECT in row[3]))


def shares(results: Results, loops: list[str]) -> str:
    """Return the table of how busy server and generator kept their cores; bold if the generator was the limit."""
    observed = {
        name: measured
        for name, measured in results.items()
        if GENERATOR_SHARE in measured and not WORKLOADS[name].half_load
    }
    loops = [loop for loop in loops if any(loop in measured[GENERATOR_SHARE] for measured in observed.values())]
    rows = [
        [WORKLOADS[name].title, *(_shares(measured, loop) for loop in loops)] for name, measured in observed.items()
    ]
    return table(["server's / generator's share of its core", *loops], rows)


def _rows(results: Results) -> Iterator[tuple[str, Metric, Target, Samples]]:
    for name, measured in results.items():
        for metric, target in WORKLOADS[name].targets.items():
            yield f"{WORKLOADS[name].title}: {metric.title}", metric, target, measured.get(metric.key, {})


def _comparison(title: str, metric: Metric, target: Target, samples: Samples) -> list[str]:
    against_uvloop = _ratio(metric, samples, "uvloop", target.uvloop)
    if UNTRIMMED in samples:
        against_uvloop += f"; no malloc trimming: {_ratio(metric, samples, UNTRIMMED)}"
    return [
        title,
        _ratio(metric, samples, "asyncio", target.asyncio),
        against_uvloop,
        _best(metric, samples),
        spread(_ratios(samples, CONTROL, "asyncio"), times) if {"asyncio", CONTROL} <= samples.keys() else "-",
    ]


def _ratios(samples: Samples, subject: str, peer: str) -> list[float]:
    return [own / other if other else math.inf for own, other in zip(samples[subject], samples[peer], strict=True)]


def _ratio(metric: Metric, samples: Samples, peer: str, target: float | None = None) -> str:
    if peer not in samples:
        return "-"
    measured = _ratios(samples, SUBJECT, peer)
    if target is None:
        return spread(measured, times)
    median = statistics.median(measured)
    sign, reached = ("≥", median >= target) if metric.more_is_better else ("≤", median <= target)
    return f"{spread(measured, times)}, {sign} {target:g}x {verdict(reached)}"


def _best(metric: Metric, samples: Samples) -> str:
    peers = [peer for peer in PEERS if peer in samples]
    if not peers:
        return "-"
    choose = max if metric.more_is_better else min
    best = choose(peers, key=lambda peer: statistics.median(samples[peer]))
    return f"{best}: {_ratio(metric, samples, best)}"


def _shares(measured: dict[str, Samples], loop: str) -> str:
    if loop not in measured[GENERATOR_SHARE]:
        return "-"
    server, generator = (statistics.median(measured[key][loop]) for key in (SERVER_SHARE, GENERATOR_SHARE))
    shown = f"{server:.0%} / {generator:.0%}"
    return f"**{shown}**" if generator > SATURATED > server else shown
