"""Writes a report as Markdown."""

from __future__ import annotations

import statistics
from itertools import groupby

from . import promises
from .report import Report, Result
from .tables import compare, noise_shown, spread, table

SHARES = """Share of its core that the server used / the generator used. Bold: the generator was busy and the server
was not; then the CPU figure is the one to read."""
SATURATED = 0.95
"""Of a core: a process that used more was kept waiting by nothing else."""


def write(report: Report) -> str:
    """Return the report."""
    parts = ["# Benchmark", table(["", ""], report.setting.items())]
    if report.peers:
        parts += ["## In short", summary(report)]
    for subject, results in groupby(report.results, lambda result: result.subject):
        group = list(results)
        parts += [f"## {subject}", figures(report, group)]
        if report.peers and (shown := ratios(report, group)):
            parts.append(shown)
    if shown := shares(report):
        parts += [
            "## Was the generator the limit?",
            SHARES,
            shown,
        ]
    for title, notes in (("Failed", report.failures), ("Not measured", report.unmeasured)):
        if notes:
            parts += [f"## {title}", "\n".join(f"- {what}: {why}" for what, why in notes.items())]
    return "\n\n".join(parts) + "\n"


def summary(report: Report) -> str:
    """Return how often PyLoop is ahead of each peer in the first figure of a workload, and where it is behind."""
    if report.rounds == 1:
        return promises.NO_VERDICT
    lines = []
    for peer in report.peers:
        first = [(result.title, ratio) for result in report.results for _, ratio in list(result.ratios(peer))[:1]]
        counts = {word: sum(ratio.verdict == word for _, ratio in first) for word in ("better", "same", "worse")}
        losses = "; ".join(f"{title} {ratio.median:.2f}x" for title, ratio in first if ratio.verdict == "worse")
        line = "- {}: ahead {better}, no difference {same}, behind {worse}".format(peer, **counts)
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


def shares(report: Report) -> str:
    """Return the table of how busy server and generator kept their cores."""
    rows = []
    for result in report.results:
        if "generator_share" not in result.samples or "p50" in result.samples:
            continue
        cells = []
        for loop in report.loops:
            both = [result.samples[key].get(loop) for key in ("server_share", "generator_share")]
            server, load = (statistics.median(values) if values else 0 for values in both)
            shown = f"{server:.0%} / {load:.0%}"
            cells.append(f"**{shown}**" if load > SATURATED > server else shown)
        rows.append([result.title, *cells])
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
