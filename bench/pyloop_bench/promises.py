"""What was promised of a workload, beside what was measured."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from .loops import BEST_PEER
from .model import Metric
from .report import Report, Result
from .tables import Ratio, compare

NO_VERDICT = "One round: no verdict."


class Promise(NamedTuple):
    """PyLoop is to be at least `target` times as good as a peer."""

    what: str
    peer: str
    target: float
    ratio: Ratio

    @property
    def verdict(self) -> str:
        """`reached`, `missed`, or which of the two cannot be told."""
        if self.ratio.verdict == "open":
            return "one round"
        if self.ratio.median >= self.target:
            return "reached"
        return "in the noise" if math.log(self.target / self.ratio.median) <= self.ratio.noise else "missed"


def columns(report: Report) -> list[str]:
    """Return the titles of the columns of ratios."""
    return [*report.peers, BEST_PEER] if len(report.rivals) > 1 else report.peers


def ratios(report: Report, result: Result, metric: Metric) -> Iterator[tuple[str, Ratio | None]]:
    """Yield, for each column, the peer and how PyLoop compares with it."""
    samples = result.samples.get(metric.key, {})
    found = {peer: compare(samples, peer, metric.more_is_better) for peer in report.peers}
    yield from found.items()
    if len(report.rivals) > 1:
        measured = [(peer, ratio) for peer, ratio in found.items() if ratio and peer in report.rivals]
        yield min(measured, key=lambda pair: pair[1].median, default=("", None))


def cells(report: Report, result: Result, metric: Metric) -> list[tuple[str, str]]:
    """Return, for each column, the verdict on the ratio and the text of the cell."""
    shown = []
    for column, (peer, ratio) in zip(columns(report), ratios(report, result, metric), strict=True):
        text = f"{peer} {ratio}" if ratio and column == BEST_PEER else str(ratio or "-")
        target = result.targets.get(metric.key, {}).get(column)
        if ratio and target is not None:
            text += f"; ≥ {target:.3g}x {Promise(result.title, peer, target, ratio).verdict}"
        shown.append((ratio.verdict if ratio else "open", text))
    return shown


def promises(report: Report) -> Iterator[Promise]:
    """Yield all that was promised and measured."""
    for result in report.results:
        for metric in result.metrics:
            targets = result.targets.get(metric.key, {})
            for column, (peer, ratio) in zip(columns(report), ratios(report, result, metric), strict=True):
                if ratio and column in targets:
                    name = f"{column}, {peer}" if column == BEST_PEER else peer
                    yield Promise(f"{result.title}: {metric.title}", name, targets[column], ratio)


def standing(report: Report, peer: str) -> dict[str, list[tuple[str, Ratio]]]:
    """Return, for each verdict, the workloads it is the verdict on by their first figure, and the ratios to `peer`."""
    sorted_out: dict[str, list[tuple[str, Ratio]]] = {"better": [], "same": [], "worse": [], "open": []}
    for result in report.results:
        for _, ratio in list(result.ratios(peer))[:1]:
            sorted_out[ratio.verdict].append((result.title, ratio))
    return sorted_out


def summary(report: Report) -> tuple[str, list[str]]:
    """Return how many promises are kept, and those that are not; no words if none was measured in two rounds."""
    judged = [promise for promise in promises(report) if promise.verdict != "one round"]
    if not judged:
        return "", []
    verdicts = [promise.verdict for promise in judged]
    kept = f"Targets: {verdicts.count('reached')} of {len(judged)} reached"
    if unclear := verdicts.count("in the noise"):
        kept += f", {unclear} missed by less than the noise"
    missed = [
        f"{promise.what}, beside {promise.peer}: {promise.ratio.median:.2f}x instead of {promise.target:.3g}x"
        for promise in judged
        if promise.verdict == "missed"
    ]
    return kept + (f", {len(missed)} missed:" if missed else "."), missed
