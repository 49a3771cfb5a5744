"""From samples to words: medians, paired ratios, and when a ratio says nothing."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from typing import NamedTuple

from .loops import CONTROL, SUBJECT

Samples = dict[str, list[float]]
"""Per loop, one figure for each round."""


class Ratio(NamedTuple):
    """How many times as good as a peer the subject is: the median over the rounds, and the least and the most."""

    median: float
    least: float
    most: float
    noise: float

    @property
    def verdict(self) -> str:
        """`better` or `worse`, or `same` where the noise, or rounds that disagree, allow neither."""
        same = abs(math.log(self.median)) <= self.noise or self.least < 1 < self.most
        return "same" if same else "better" if self.median > 1 else "worse"

    def __str__(self) -> str:
        note = ", no difference" if self.verdict == "same" else ""
        return f"{self.median:.2f}x ({self.least:.2f}-{self.most:.2f}){note}"


def paired(samples: Samples, subject: str, peer: str, more_is_better: bool) -> list[float]:
    """Return, round by round, how many times as good as `peer` `subject` was; rounds with a zero are left out."""
    pairs = zip(samples.get(subject, ()), samples.get(peer, ()), strict=False)
    return [own / other if more_is_better else other / own for own, other in pairs if own > 0 and other > 0]


def noise(samples: Samples) -> float:
    """Return by how much, as a logarithm, asyncio measured twice differed from itself at the most."""
    return max((abs(math.log(ratio)) for ratio in paired(samples, CONTROL, "asyncio", True)), default=0.0)


def compare(samples: Samples, peer: str, more_is_better: bool) -> Ratio | None:
    """Return how the subject compares with `peer`, None if either was not measured."""
    ratios = paired(samples, SUBJECT, peer, more_is_better)
    if not ratios:
        return None
    return Ratio(statistics.median(ratios), min(ratios), max(ratios), noise(samples))


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    titles = list(header)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def spread(values: list[float], show: Callable[[float], str]) -> str:
    """Return the median of `values`, with the smallest and the largest in brackets."""
    return f"{show(statistics.median(values))} ({show(min(values))}-{show(max(values))})"
