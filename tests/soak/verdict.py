"""Tells from samples whether anything grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from soak.measures import Sample

WARM_UP: Final = 0.25
"""The part of a run whose samples do not count: caches, pools and threads are filled in it."""

ENOUGH: Final = 12
"""So many samples after the warm-up tell memory that grows from memory that goes up and down."""


@dataclass(frozen=True)
class Limit:
    """How much more there may be of something at the end than after the warm-up: `part` of it, and `more`."""

    part: float
    more: int


EXACT: Final = {"descriptors": Limit(0, 0), "threads": Limit(0, 4), "python_threads": Limit(0, 0)}
"""What every job gives back: one that is left is a leak. A JVM has more threads now and then, to compile."""

ROUGH: Final = {"resident_kib": Limit(0.03, 4 << 10), "objects": Limit(0.005, 200), "blocks": Limit(0.005, 1_000)}
"""What is known by its medians only: caches go up and down."""


def growing(samples: Sequence[Sample]) -> list[str]:
    """What grows, in words; nothing if nothing does."""
    counted = samples[int(len(samples) * WARM_UP) :]
    found = [_growth(counted, name, limit) for name, limit in EXACT.items()] if len(counted) > 1 else []
    if len(counted) >= ENOUGH:
        found += [_growth(counted, name, limit) for name, limit in ROUGH.items()]
    return [text for text in found if text]


def is_short(samples: Sequence[Sample]) -> bool:
    """Whether there are too few samples to judge memory and objects by."""
    return len(samples[int(len(samples) * WARM_UP) :]) < ENOUGH


def _growth(samples: Sequence[Sample], name: str, limit: Limit) -> str:
    """The medians of the first and of the last third are compared."""
    values: list[int] = [getattr(sample, name) for sample in samples]
    third = -(-len(values) // 3)
    before, after = median(values[:third]), median(values[-third:])
    if after > before * (1 + limit.part) + limit.more:
        return f"{name} grow from {before:.0f} to {after:.0f}"
    return ""
