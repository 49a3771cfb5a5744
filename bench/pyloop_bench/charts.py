"""Charts as SVG, in the colours of the page around them; narrow enough to be read on a phone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from typing import NamedTuple

from .tables import Ratio

WIDTH = 400
MARGIN = 10
LEAST_BETWEEN_TICKS = 36
TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
PERCENTILES = {"p50": "50 %", "p90": "90 %", "p99": "99 %", "p999": "99.9 %"}
COLOURS = 6
PALETTE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #d9dee5; --back: #fff; --raised: #f5f7f9;
  --better: #0067a6; --worse: #b8510d; --same: #8a94a0; --open: #8a94a0; --band: #e4e9ee;
  --c0: #0067a6; --c1: #b8510d; --c2: #3d7d33; --c3: #8b4a9e; --c4: #7a6a1c; --c5: #a33b5c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ef; --soft: #9aa6b4; --line: #323b47; --back: #14181e;
  --raised: #1b2129; --better: #56b4e9; --worse: #f0954a; --same: #7d8895; --open: #7d8895; --band: #262e38;
  --c0: #56b4e9; --c1: #f0954a; --c2: #7cc46e; --c3: #c792d9; --c4: #cdbb5a; --c5: #e58aa6; } }
"""
"""The colours that charts name, as a style sheet: light ones and dark ones."""


class Bar(NamedTuple):
    """A labelled ratio."""

    label: str
    ratio: Ratio


def scale(bars: Iterable[Bar]) -> tuple[float, float]:
    """Return the least and the greatest ratio of charts that are to be compared, for which they need one scale."""
    ratios = [bar.ratio for bar in bars]
    low, high = min(ratio.least for ratio in ratios), max(ratio.most for ratio in ratios)
    return min(0.5, low) / 1.05, max(2, high) * 1.05


def ratios(bars: Sequence[Bar], limits: tuple[float, float], title: str) -> str:
    """Return a chart of horizontal bars from 1x to each ratio, on a logarithmic scale, each under its label."""
    low, high = limits

    def x(ratio: float) -> float:
        return MARGIN + (WIDTH - 2 * MARGIN) * math.log(ratio / low) / math.log(high / low)

    row, top = 38, 22
    height = top + row * len(bars)
    parts = [
        f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{top - 4}" y2="{height}" stroke="var(--line)"/>'
        f'<text x="{x(tick):.1f}" y="12" text-anchor="middle" fill="var(--soft)">{tick:g}x</text>'
        for tick in _apart(TICKS, x)
        if low <= tick <= high
    ]
    parts.append(f'<line x1="{x(1):.1f}" x2="{x(1):.1f}" y1="{top - 4}" y2="{height}" stroke="var(--soft)"/>')
    for number, (label, ratio) in enumerate(bars):
        y = top + number * row
        start, end = sorted((x(1), x(ratio.median)))
        band = min(ratio.noise, math.log(high), -math.log(low))
        left, right = x(math.exp(-band)), x(math.exp(band))
        parts.append(
            f'<text x="{MARGIN}" y="{y + 13}">{escape(label)}</text>'
            f'<text x="{WIDTH - MARGIN}" y="{y + 13}" text-anchor="end" font-weight="600">{ratio.median:.2f}x</text>'
            f'<rect x="{left:.1f}" y="{y + 18}" width="{right - left:.1f}" height="14" fill="var(--band)"/>'
            f'<rect x="{start:.1f}" y="{y + 20}" width="{max(end - start, 1):.1f}" height="10" '
            f'fill="var(--{ratio.verdict})"/>'
            f'<line x1="{x(ratio.least):.1f}" x2="{x(ratio.most):.1f}" y1="{y + 25}" y2="{y + 25}" '
            f'stroke="var(--ink)"/>'
        )
    spoken = "; ".join(f"{label}: {ratio}" for label, ratio in bars)
    return _svg(height, f"{title}. {spoken}", parts)


def _apart(ticks: Sequence[float], x: Callable[[float], float]) -> Iterator[float]:
    """Yield 1 and those of `ticks`, outwards from it, whose labels have room beside the ones before."""
    yield 1
    for side in ([tick for tick in ticks if tick > 1], [tick for tick in reversed(ticks) if tick < 1]):
        last = x(1)
        for tick in side:
            if abs(x(tick) - last) >= LEAST_BETWEEN_TICKS:
                last = x(tick)
                yield tick


def latencies(curves: dict[str, list[float]], title: str) -> str:
    """Return a chart of a curve per loop: the percentiles one beside the other, microseconds on a logarithmic scale."""
    values = [value for curve in curves.values() for value in curve]
    low, high = min(values) / 1.2, max(values) * 1.2
    top, bottom, left, right = 10, 210, 52, WIDTH - MARGIN

    def y(value: float) -> float:
        return bottom - (bottom - top) * math.log(value / low) / math.log(high / low)

    def x(number: int) -> float:
        return left + 20 + (right - left - 40) * number / (len(PERCENTILES) - 1)

    parts = [
        f'<line x1="{left}" x2="{right}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="var(--line)"/>'
        f'<text x="{left - 6}" y="{y(tick) + 4:.1f}" text-anchor="end" fill="var(--soft)">{_duration(tick)}</text>'
        for tick in (factor * 10**power for power in range(1, 8) for factor in (1, 2, 5))
        if low <= tick <= high
    ]
    for number, name in enumerate(PERCENTILES.values()):
        parts.append(f'<text x="{x(number):.1f}" y="{bottom + 18}" text-anchor="middle">{name}</text>')
    for number, (loop, curve) in enumerate(curves.items()):
        colour = f"var(--c{number % COLOURS})"
        points = " ".join(f"{x(place):.1f},{y(value):.1f}" for place, value in enumerate(curve))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{x(place):.1f}" cy="{y(value):.1f}" r="3" fill="{colour}"/>'
            for place, value in enumerate(curve)
        ]
        row, column = divmod(number, 3)
        legend_x, legend_y = left + column * 115, bottom + 42 + row * 18
        parts.append(
            f'<rect x="{legend_x}" y="{legend_y - 9}" width="10" height="10" fill="{colour}"/>'
            f'<text x="{legend_x + 15}" y="{legend_y}">{escape(loop)}</text>'
        )
    height = bottom + 42 + 18 * ((len(curves) + 2) // 3)
    names = list(PERCENTILES.values())
    spoken = "; ".join(
        f"{loop}: " + ", ".join(f"{name} {value:.0f} µs" for name, value in zip(names, curve, strict=True))
        for loop, curve in curves.items()
    )
    return _svg(height, f"{title}. {spoken}", parts)


def _duration(microseconds: float) -> str:
    return f"{microseconds:g} µs" if microseconds < 1000 else f"{microseconds / 1000:g} ms"


def _svg(height: float, label: str, parts: list[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" '
        f'aria-label="{escape(label, quote=True)}">{"".join(parts)}</svg>'
    )
