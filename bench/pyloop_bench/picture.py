"""Draws one picture of a report, for a page that can show an image only: an SVG file with colours of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from . import charts
from .model import Metric
from .report import Report, Result
from .tables import Ratio, compare

SHOWN = {
    "chain": "call_soon, one per iteration",
    "batch-3": "call_soon, batch, 3 arguments",
    "timers-cancelled": "call_later, cancelled",
    "gather": "gather of 20,000 tasks",
    "queue": "Queue ping-pong",
    "echo-protocol-1k-100": "TCP echo, protocol, 1 KiB",
    "echo-streams-1k-100": "TCP echo, streams, 1 KiB",
    "tls-echo": "TLS echo, 1 KiB",
    "udp-echo": "UDP round trips, 512 B",
    "accept": "accept and close connections",
    "uvicorn": "uvicorn, 13 B responses",
    "aiohttp": "aiohttp server, 13 B responses",
    "spawn": "spawn a process and wait",
    "start": "start, until the first callback",
    "start/rss_mib": "memory after the start",
}
"""The workloads of the picture, with a metric if it is not their first: chosen for what programs do."""

LABELS, CELL, SCALE, ROW, TOP = 216, 152, 96, 25, 62
LOW, HIGH = 0.25, 16.0
TICKS = (0.5, 1, 2, 4, 8)


def write(report: Report) -> str:
    """Return the picture: a row for each workload, in it a bar of the ratio to each peer, with its spread."""
    rows = [(label, *found) for key, label in SHOWN.items() if (found := _find(report, key))]
    width, bottom = LABELS + CELL * len(report.peers), TOP + ROW * len(rows)
    parts = [_text(14, 22, "PyLoop is so many times as good as", 'font-size="15" font-weight="600"')]
    parts += _grid(report.peers, bottom)
    spoken = []
    for number, (label, result, metric) in enumerate(rows):
        y = TOP + number * ROW
        parts.append(_text(14, y + 17, label))
        for column, peer in enumerate(report.peers):
            ratio = compare(result.samples.get(metric.key, {}), peer, metric.more_is_better)
            parts += _cell(LABELS + column * CELL, y, ratio)
            spoken.append(f"{label}, beside {peer}: {ratio or 'not measured'}")
    notes = list(_notes(report))
    parts += [_text(14, bottom + 22 + 17 * line, note, SOFT) for line, note in enumerate(notes)]
    height = bottom + 22 + 17 * len(notes)
    label = escape("PyLoop beside other event loops. " + "; ".join(spoken), quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{label}" font-family="system-ui, sans-serif" font-size="13">'
        f"<style>{charts.PALETTE}text {{ fill: var(--ink) }} .soft {{ fill: var(--soft) }}</style>"
        f'<rect width="{width}" height="{height}" rx="6" fill="var(--back)"/>{"".join(parts)}</svg>\n'
    )


SOFT = 'class="soft" font-size="12"'


def _find(report: Report, key: str) -> tuple[Result, Metric] | None:
    name, _, wanted = key.partition("/")
    for result in report.results:
        for metric in result.metrics:
            if result.name == name and metric.key in {wanted or metric.key} & result.samples.keys():
                return result, metric
    return None


def _x(ratio: float) -> float:
    return SCALE * math.log(min(max(ratio, LOW), HIGH) / LOW) / math.log(HIGH / LOW)


def _grid(peers: list[str], bottom: int) -> Iterator[str]:
    for column, peer in enumerate(peers):
        left = LABELS + column * CELL
        yield _text(left, 40, peer, 'font-weight="600"')
        for tick in TICKS:
            x, colour = left + _x(tick), "soft" if tick == 1 else "line"
            yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 2}" y2="{bottom}" stroke="var(--{colour})"/>'
            if tick in {1, 8}:
                yield _text(x, TOP - 8, f"{tick:g}x", 'class="soft" font-size="11" text-anchor="middle"')


def _cell(left: float, y: float, ratio: Ratio | None) -> Iterator[str]:
    """Yield bar, spread and number; a bar that is longer than its scale ends in a gap."""
    if ratio is None:
        yield _text(left + CELL - 14, y + 17, "-", 'class="soft" text-anchor="end"')
        return
    start, end = sorted((_x(1), _x(ratio.median)))
    fill = f"var(--{ratio.verdict})"
    yield f'<rect x="{left + start:.1f}" y="{y + 7}" width="{max(end - start, 1):.1f}" height="11" fill="{fill}"/>'
    if ratio.median > HIGH or ratio.median < LOW:
        x = left + (SCALE - 8 if ratio.median > HIGH else 5)
        yield f'<rect x="{x:.1f}" y="{y + 5}" width="3" height="15" fill="var(--back)"/>'
    least, most = left + _x(ratio.least), left + _x(ratio.most)
    yield f'<line x1="{least:.1f}" x2="{most:.1f}" y1="{y + 12.5}" y2="{y + 12.5}" stroke="var(--ink)"/>'
    shown = f"{ratio.median:.2f}x" if ratio.median < 10 else f"{ratio.median:.1f}x"
    colour = f'style="fill: {fill}" font-weight="600"'
    yield _text(left + CELL - 10, y + 17, shown, f'{colour} text-anchor="end"')


def _notes(report: Report) -> Iterator[str]:
    setting = report.setting
    python = setting.get("python", "").partition(",")[0]
    made = (python, setting.get("processor", ""), setting.get("date", ""), f"commit {setting.get('commit', '-')}")
    if report.rounds > 1:
        yield "Blue: PyLoop is ahead. Orange: it is behind. Grey: no difference that stands out from the noise."
        yield f"Medians of the ratios of {report.rounds} rounds, on a logarithmic scale; the line: from least to most."
    else:
        yield "One round, which allows no verdict. On a logarithmic scale."
    yield ", ".join(filter(None, made))


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(text)}</text>'
