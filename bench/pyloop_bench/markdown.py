"""Writes a report as Markdown."""

from __future__ import annotations

import statistics
from itertools import groupby

from . import promises, shares
from .report import Report, Result
from .tables import compare, noise_shown, spread, table


def write(report: Report, title: str = "Benchmark") -> str:
    """Return the report."""
    parts = [f"# {title}", table(["", ""], report.setting.items())]
    if report.peers:
        parts += ["## In short", summary(report)]
    for subject, results in groupby(report.results, lambda result: result.subject):
        group = list(results)
        parts += [f"## {subject}", figures(report, group)]
        if report.peers and (shown := ratios(report, group)):
            parts.append(shown)
    if shown := generator(report):
        parts += ["## Was the generator the limit?", shares.NOTE, shown]
    for heading, notes in (("Failed", report.failures), ("Not measured", report.unmeasured)):
        if notes:
            parts += [f"## {heading}", "\n".join(f"- {what}: {why}" for what, why in notes.items())]
    return "\n\n".join(parts) + "\n"


def summary(report: Report) -> str:
    """Return how often PyLoop is ahead of each peer in the first figure of a workload, and where it is behind."""
    if report.rounds == 1:
        return promises.NO_VERDICT
    lines = []
    for peer in report.peers:
        found = promises.standing(report, peer)
        losses = "; ".join(f"{title} {ratio.median:.2f}x" for title, ratio in found["worse"])
        ahead, same, behind = (len(found[word]) for word in ("better", "same", "worse"))
        line = f"- {peer}: ahead {ahead}, no difference {same}, behind {behind}"
        lines.append(line + (f" ({losses})" if losses else ""))
    kept, missed = promises.summary(report)
    return "\n\n".join(filter(None, ["\n".join(lines), kept, "\n".join(f"- {promise}" for promise in missed)]))


def figures(report: Report, results: list[Result]) -> str:
    """Return the table of figures: the median over the rounds, and the smallest and largest."""
    rows = []
    for result in results:
        for metric in result.metrics:
            samples = result.samples.get(metric.key, {})
            cells = (spread(samples[loop], metric.show) if samples.get(loop) else "-" for loop in report.loops)
            rows.append([f"{result.title}: {metric.title}", metric.unit, *cells])
    return table(["figure", "unit", *report.loops], rows)


def ratios(report: Report, results: list[Result]) -> str:
    """Return the table of how many times as good as each peer PyLoop is."""
    rows = []
    for result in results:
        for metric in result.metrics:
            cells = [text.replace("missed", "**missed**") for _, text in promises.cells(report, result, metric)]
            if metric.compared and set(cells) != {"-"}:
                noise = noise_shown(result.samples.get(metric.key, {}))
                rows.append([f"{result.title}: {metric.title}", *cells, noise])
    return table(["PyLoop is so many times as good", *promises.columns(report), "noise"], rows) if rows else ""


def generator(report: Report) -> str:
    """Return the table of how busy server and generator kept their cores."""
    rows = []
    for title, pairs in shares.rows(report):
        cells = (f"**{pair}**" if pair and pair.limited else str(pair or "-") for pair in pairs)
        rows.append([title, *cells])
    return table(["workload", *report.loops], rows) if rows else ""


def compared(old: Report, new: Report) -> str:
    """Return the table of what became of PyLoop's figures, and of its lead, which does not depend on the machine."""
    before = {result.name: result for result in old.results}
    rows = []
    for result in new.results:
        for metric in result.metrics if result.name in before else ():
            then, now = (found.samples.get(metric.key, {}) for found in (before[result.name], result))
            if not then.get("pyloop") or not now.get("pyloop"):
                continue
            figures = [statistics.median(samples["pyloop"]) for samples in (then, now)]
            leads = [compare(samples, "asyncio", metric.more_is_better) for samples in (then, now)]
            shown = [f"{lead.median:.2f}x" if lead else "-" for lead in leads]
            rows.append([f"{result.title}: {metric.title}", metric.unit, *map(metric.show, figures), *shown])
    header = ["figure", "unit", "then", "now", "lead over asyncio then", "now"]
    return table(header, rows)
