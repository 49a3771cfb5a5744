"""Which share of its core the server used, which the generator: which of the two was the limit."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import NamedTuple

from .report import Report

NOTE = (
    "Share of its core that the server used / the generator used. Bold: the generator was busy and the server was not; "
    "then the CPU figure is the one to read."
)
SATURATED = 0.95
"""Of a core: a process that used more was kept waiting by nothing else."""


class Pair(NamedTuple):
    """The two shares on one loop."""

    server: float
    generator: float

    @property
    def limited(self) -> bool:
        """Whether the generator was the limit."""
        return self.generator > SATURATED > self.server

    def __str__(self) -> str:
        return f"{self.server:.0%} / {self.generator:.0%}"


def rows(report: Report) -> Iterator[tuple[str, list[Pair | None]]]:
    """Yield the workloads that have a generator, which at a fixed rate says nothing, and the shares on each loop."""
    for result in report.results:
        if "generator_share" not in result.samples or "p50" in result.samples:
            continue
        both = [result.samples[key] for key in ("server_share", "generator_share")]
        yield (
            result.title,
            [
                Pair(*(statistics.median(samples[loop]) for samples in both)) if both[0].get(loop) else None
                for loop in report.loops
            ],
        )
