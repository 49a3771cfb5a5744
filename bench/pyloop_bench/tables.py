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
    rounds: int

    @property
    def verdict(self) -> str:
        """`better` or `worse`, `same` where the noise or rounds that disagree allow neither, `open` after one round."""
        if self.rounds == 1:
            return "open"
        same = abs(math.log(self.median)) <= self.noise or self.least < 1 < self.most
        return "same" if same else "better" if self.median > 1 else "worse"

    def __str__(self) -> str:
        if self.verdict == "open":
            return f"{self.median:.2f}x"
        note = ", no difference" if self.verdict == "same" else ""
        return f"{self.median:.2f}x ({self.least:.2f}-{self.most:.2f}){note}"


def paired(samples: Samples, subject: str, peer: str, more_is_better: bool) -> list[float]:
    """Return, round by round, how many times as good as `peer` `subject` was; rounds with a zero are left out."""
    pairs = zip(samples.get(subject, ()), samples.get(peer, ()), strict=False)
    return [own / other if more_is_better else other / own for own, other in pairs if own > 0 and other > 0]


def noise(samples: Samples) -> float:
    """Return by how much, as a logarithm, asyncio measured twice differed from itself at the most."""
    return max((abs(math.log(ratio)) for ratio in paired(samples, CONTROL, "asyncio", True)), default=0.0)


def noise_shown(samples: Samples) -> str:
    """Return the noise in words; it takes a control to know it, and two rounds to tell it from luck."""
    return f"± {noise(samples):.0%}" if len(samples.get(CONTROL, ())) > 1 else "not known"


def compare(samples: Samples, peer: str, more_is_better: bool) -> Ratio | None:
    """Return how the subject compares with `peer`, None if either was not measured."""
    ratios = paired(samples, SUBJECT, peer, more_is_better)
    if not ratios:
        return None
    return Ratio(statistics.median(ratios), min(ratios), max(ratios), noise(samples), len(ratios))


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    titles = list(header)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def spread(values: list[float], show: Callable[[float], str]) -> str:
    """Return the median of `values`, with the smallest and the largest in brackets if there are several."""
    return show(statistics.median(values)) + (f" ({show(min(values))}-{show(max(values))})" if len(values) > 1 else "")
