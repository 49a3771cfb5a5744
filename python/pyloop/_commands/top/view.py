"""What ``python -m pyloop top`` shows."""

from __future__ import annotations

import dataclasses
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pyloop import Histogram, LoopMetrics

_BARS = " ▁▂▃▄▅▆▇█"
_WIDTH = 30
_BUSY, _FULL = 0.7, 0.9
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_SIZES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def page(before: dict[str, Any] | None, now: dict[str, Any]) -> RenderableType:
    """Return what is shown of a process: what it has done since the look before, or since its start."""
    head = Text.assemble(
        ("pyloop top", "bold"),
        f"  process {now['pid']}  Python {now['python']}  PyLoop {now['pyloop']} ({now['engine']})\n",
        (now["command"], "dim"),
        overflow="ellipsis",
        no_wrap=True,
    )
    earlier = {each["loop"]: metrics_of(each) for each in (before or {"loops": []})["loops"]}
    panels: list[RenderableType] = [_panel(each, earlier.get(each["loop"])) for each in now["loops"]]
    return Group(head, *(panels or [Text("no event loop", style="dim")]))


def metrics_of(loop: dict[str, Any]) -> LoopMetrics:
    """Return the metrics of a loop of which a monitor has told."""
    names = {field.name for field in dataclasses.fields(LoopMetrics)}
    fields = {name: value for name, value in loop.items() if name in names}
    for name in ("delay", "iteration"):
        told = loop[name]
        fields[name] = Histogram(tuple(told["counts"]), told["total"], told["max"])
    return LoopMetrics(**fields)


def seconds(value: float) -> str:
    """Return a duration in a unit that suits it."""
    for size, unit in _UNITS:
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return "0"


def amount(value: float) -> str:
    """Return a number, shortened if it is large."""
    for size, unit in _SIZES:
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g} "


def _panel(loop: dict[str, Any], earlier: LoopMetrics | None) -> Panel:
    now = metrics_of(loop)
    done = now if earlier is None else now.since(earlier)
    elapsed = (now.time - earlier.time) if earlier is not None else done.busy_seconds + done.idle_seconds
    state = "asleep" if now.asleep else "busy" if now.running else "not running"
    parts: list[RenderableType] = [_utilization(done), _rates(now, done, max(elapsed, 1e-9)), _histograms(done)]
    if loop["longest"]:
        parts.append(_longest(loop["longest"]))
    return Panel(Group(*parts), title=f"loop {now.loop} · {now.name or 'never run'} · {state}", title_align="left")


def _utilization(done: LoopMetrics) -> Text:
    share = done.utilization
    style = "green" if share < _BUSY else "yellow" if share < _FULL else "red"
    full = round(share * _WIDTH)
    return Text.assemble("busy ", ("█" * full, style), ("░" * (_WIDTH - full), "dim"), (f" {share:6.1%}", style))


def _rates(now: LoopMetrics, done: LoopMetrics, elapsed: float) -> Table:
    def rate(count: float) -> str:
        return f"{amount(count / elapsed).rstrip()}/s"

    cells = (
        ("callbacks", rate(done.callbacks)),
        ("iterations", rate(done.iterations)),
        ("polls", rate(done.polls)),
        ("timers run", rate(done.timers_run)),
        ("from threads", rate(done.posts)),
        ("slow callbacks", str(now.slow_callbacks)),
        ("ready", f"{now.ready} (most {now.ready_max})"),
        ("timers", str(now.timers)),
        ("descriptors", str(now.descriptors)),
        ("connections", str(now.connections)),
        ("accepted", rate(done.connections_accepted)),
        ("lost", rate(done.connections_lost)),
        ("received, calls", f"{amount(done.bytes_received / elapsed)}B/s, {rate(done.receive_calls)}"),
        ("sent, calls", f"{amount(done.bytes_sent / elapsed)}B/s, {rate(done.send_calls)}"),
        ("datagrams", f"{rate(done.datagrams_received)} in, {rate(done.datagrams_sent)} out"),
        ("children", str(now.children)),
    )
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for _ in range(2):
        table.add_column(style="dim", no_wrap=True, min_width=14)
        table.add_column(no_wrap=True, ratio=1)
    half = len(cells) // 2
    for left, right in zip(cells[:half], cells[half:], strict=True):
        table.add_row(*left, *right)
    return table


def _histograms(done: LoopMetrics) -> Table:
    table = Table.grid(padding=(0, 2))
    for _ in range(6):
        table.add_column(no_wrap=True)
    table.add_row("", "", *(Text(name, style="dim") for name in ("p50", "p90", "p99", "longest")))
    for name, histogram in (("delay", done.delay), ("iteration", done.iteration)):
        values = (histogram.p50, histogram.p90, histogram.p99, histogram.max)
        table.add_row(Text(name, style="dim"), _bars(histogram), *map(seconds, values))
    return table


def _bars(histogram: Histogram) -> Text:
    """Draw a histogram, a bar for each power of two."""
    octaves: dict[int, int] = {}
    for index, count in enumerate(histogram.counts):
        octaves[index // 8] = octaves.get(index // 8, 0) + count
    most = max(octaves.values(), default=0) or 1
    bars = "".join(_BARS[-(-8 * octaves.get(octave, 0) // most)] for octave in range(_WIDTH))
    return Text(bars, style="cyan")


def _longest(longest: list[dict[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("longest callbacks", no_wrap=True)
    table.add_column("longest", justify="right")
    table.add_column("calls of 0.1 ms or more", justify="right")
    table.add_column("mean", justify="right")
    for each in longest:
        table.add_row(
            each["callback"], seconds(each["max"]), str(each["calls"]), seconds(each["seconds"] / each["calls"])
        )
    return table
