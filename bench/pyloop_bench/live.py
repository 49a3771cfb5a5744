"""Shows what is going on: a table that grows on a terminal, if rich is there; lines otherwise."""

from __future__ import annotations

import importlib.util
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .tables import compare

if TYPE_CHECKING:
    from .model import Figures
    from .report import Report, Result
    from .rounds import Observer


@contextmanager
def shown(report: Report, total: int) -> Iterator[Observer]:
    """Yield what shows each measurement, of which there will be `total`."""
    if sys.stderr.isatty() and importlib.util.find_spec("rich"):
        with _table(report, total) as observer:
            yield observer
        return
    done = 0

    def line(result: Result, loop: str, figures: Figures) -> None:
        nonlocal done
        done += 1
        sys.stderr.write(f"{done}/{total} {result.name} {loop}: {_words(result, figures)}\n")

    yield line


def _words(result: Result, figures: Figures) -> str:
    if not figures:
        return "failed"
    return ", ".join(
        f"{metric.title} {metric.show(figures[metric.key])} {metric.unit}"
        for metric in result.metrics
        if metric.key in figures
    )


@contextmanager
def _table(report: Report, total: int) -> Iterator[Observer]:
    from rich.console import Console, Group  # noqa: PLC0415 - an extra
    from rich.live import Live  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(stderr=True)
    start = time.monotonic()
    done = 0

    def row(result: Result) -> list[str]:
        metric = result.metrics[0]
        samples = result.samples.get(metric.key, {})
        cells = [metric.show(statistics.median(samples[loop])) if samples.get(loop) else "" for loop in report.loops]
        ratio = compare(samples, "asyncio", metric.more_is_better) if metric.compared else None
        return [result.title.replace("`", ""), metric.unit, *cells, str(ratio or "")]

    def view(status: str) -> Group:
        table = Table(expand=True)
        for title in ("workload", "unit", *report.loops, "PyLoop vs asyncio"):
            table.add_column(title, justify="left" if title == "workload" else "right")
        begun = [result for result in report.results if result.samples]
        for result in begun[-max(console.height - 8, 3) :]:
            table.add_row(*row(result))
        return Group(table, Text(status))

    with Live(console=console, auto_refresh=False) as live:

        def observe(result: Result, loop: str, figures: Figures) -> None:
            nonlocal done
            done += 1
            left = (time.monotonic() - start) / done * (total - done)
            status = f"{done}/{total}, about {left / 60:.0f} min left; {result.name} {loop}: {_words(result, figures)}"
            live.update(view(status), refresh=True)

        yield observe
