"""Writes a report as one HTML page that needs nothing else: charts of ratios, curves of latency, every figure."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from html import escape
from itertools import groupby

from . import charts, promises, shares
from .report import Report, Result
from .tables import noise_shown, spread

STYLE = """
@media print { :root { color-scheme: light; } details::details-content { content-visibility: visible }
  section, tr { break-inside: avoid } h2, h3, summary { break-after: avoid } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 4rem; color: var(--ink); background: var(--back);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; font-weight: 600 }
p, li, summary { max-width: 44rem } .soft, dt, caption { color: var(--soft) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; font-size: .875rem } dd { margin: 0 }
svg { display: block; width: 100%; max-width: 30rem; height: auto; font: 12px system-ui, sans-serif; fill: var(--ink) }
svg text { paint-order: stroke; stroke: var(--back); stroke-width: 3px; stroke-linejoin: round }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: 0 2rem }
.missed { font-size: .875rem }
.scroll { overflow-x: auto; margin: .5rem 0 } table { border-collapse: collapse; font-size: .8125rem;
  font-variant-numeric: tabular-nums }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap }
th:first-child, td:first-child { text-align: left; white-space: normal; min-width: 11rem }
.few th, .few td:first-child { min-width: 0; white-space: normal }
th { font-weight: 600; color: var(--soft) } .better { color: var(--better) } .worse { color: var(--worse) }
.same, .open { color: var(--soft) } summary { cursor: pointer; margin: .75rem 0 .25rem; color: var(--soft) }
.legend span { display: inline-block; margin-right: 1rem } .legend i { display: inline-block; width: .75rem;
  height: .75rem; margin-right: .35rem; vertical-align: -1px }
"""
PRINTED = """
@page { size: landscape; margin: 12mm }
@media print { body { max-width: none; padding: 0; font-size: .85rem } .scroll { overflow: visible }
  table { width: 100%; font-size: .625rem }
  th, td { padding: .15rem .25rem; white-space: normal; min-width: 0 !important }
  .few table { width: auto; font-size: .8rem } .charts { grid-template-columns: 1fr 1fr 1fr } }
"""
"""Last, because it overrides what is said above."""
LEGEND = (
    '<p class="legend"><span><i style="background:var(--better)"></i>PyLoop better</span>'
    '<span><i style="background:var(--worse)"></i>PyLoop worse</span>'
    '<span><i style="background:var(--same)"></i>no difference</span></p>'
)


def write(report: Report) -> str:
    """Return the page."""
    body = "\n".join(_body(report))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        f"<title>PyLoop: benchmark</title>\n<style>{charts.PALETTE}{STYLE}{PRINTED}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def text(title: str) -> str:
    """Return Markdown's code spans as HTML, everything else as it is."""
    parts = escape(title).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))


def _body(report: Report) -> Iterator[str]:
    yield "<h1>PyLoop: benchmark</h1>"
    yield f'<p class="soft">{escape(report.setting.get("date", ""))}</p>'
    if report.peers:
        yield "<h2>In short</h2>"
        yield _summary(report)
        yield (
            "<p>Each bar is the median of how many times as good as that loop PyLoop was, round by round; the line "
            "across it runs from the least to the most. The scale is logarithmic; the band in the middle is the "
            "noise, by which asyncio differs from itself.</p>"
        )
        if report.rounds > 1:
            yield LEGEND
    for subject, results in groupby(report.results, lambda result: result.subject):
        yield from _subject(report, subject, list(results))
    if rows := list(shares.rows(report)):
        cells = [[text(title), *(_share(pair) for pair in pairs)] for title, pairs in rows]
        yield f"<h2>Was the generator the limit?</h2><p>{shares.NOTE}</p>{_table(['workload', *report.loops], cells)}"
    for title, notes in (("Failed", report.failures), ("Not measured", report.unmeasured)):
        if notes:
            items = "".join(f"<li>{text(what)}: {escape(why)}</li>" for what, why in notes.items())
            yield f"<h2>{title}</h2><ul>{items}</ul>"
    yield "<h2>Setting</h2>"
    yield f"<dl>{''.join(f'<dt>{escape(k)}</dt><dd>{escape(v)}</dd>' for k, v in report.setting.items())}</dl>"


def _summary(report: Report) -> str:
    rows, behind = [], ""
    for peer in report.peers:
        found = promises.standing(report, peer)
        losses = "; ".join(f"{text(title)} {ratio.median:.2f}x" for title, ratio in found["worse"])
        behind += f"<li>{escape(peer)}: {losses}</li>" if losses else ""
        rows.append([escape(peer), *(str(len(found[word])) for word in ("better", "same", "worse"))])
    if report.rounds == 1:
        return f"<p>{promises.NO_VERDICT}</p>"
    kept, missed = promises.summary(report)
    listed = "".join(f"<li>{text(line)}</li>" for line in missed)
    return (
        _table(["beside", "workloads ahead", "no difference", "behind"], rows, "scroll few")
        + (f'<p>PyLoop is behind</p><ul class="missed">{behind}</ul>' if behind else "")
        + (f"<p>{kept}</p>" if kept else "")
        + (f'<ul class="missed">{listed}</ul>' if listed else "")
    )


def _subject(report: Report, subject: str, results: list[Result]) -> Iterator[str]:
    yield f"<h2>{escape(subject)}</h2>"
    sections = []
    beside = {
        peer: [
            charts.Bar(result.title.replace("`", ""), ratio)
            for result in results
            for _, ratio in list(result.ratios(peer))[:1]
        ]
        for peer in report.peers
    }
    for peer, bars in beside.items():
        if bars:
            limits = charts.scale(bar for bars in beside.values() for bar in bars)
            chart = charts.ratios(bars, limits, f"{subject}, beside {peer}")
            sections.append(f"<section><h3>beside {escape(peer)}</h3>{chart}</section>")
    sections += [
        f"<section><h3>{text(result.title)}</h3>{_latencies(result)}</section>"
        for result in results
        if "p50" in result.samples
    ]
    yield f'<div class="charts">{"".join(sections)}</div>'
    yield "<details><summary>All figures</summary>"
    yield _figures(report, results)
    if report.peers:
        yield _ratios(report, results)
    yield "</details>"


def _latencies(result: Result) -> str:
    curves = {
        loop: [statistics.median(result.samples[key][loop]) for key in charts.PERCENTILES]
        for loop in result.samples["p50"]
        if loop != "control"
    }
    return charts.latencies(curves, result.title)


def _figures(report: Report, results: list[Result]) -> str:
    rows = []
    for result in results:
        for metric in result.metrics:
            samples = result.samples.get(metric.key, {})
            cells = (spread(samples[loop], metric.show) if samples.get(loop) else "-" for loop in report.loops)
            rows.append([f"{text(result.title)}: {metric.title}", metric.unit, *cells])
    return _table(["figure", "unit", *report.loops], rows)


def _ratios(report: Report, results: list[Result]) -> str:
    rows = []
    for result in results:
        for metric in filter(lambda metric: metric.compared, result.metrics):
            cells = [
                f'<span class="{verdict}">{_marked(shown)}</span>'
                for verdict, shown in promises.cells(report, result, metric)
            ]
            noise = noise_shown(result.samples.get(metric.key, {}))
            rows.append([f"{text(result.title)}: {metric.title}", *cells, noise])
    return _table(["PyLoop is so many times as good", *promises.columns(report), "noise"], rows) if rows else ""


def _share(pair: shares.Pair | None) -> str:
    if not pair:
        return "-"
    return f"<strong>{pair}</strong>" if pair.limited else str(pair)


def _marked(shown: str) -> str:
    return escape(shown).replace("missed", "<strong>missed</strong>")


def _table(header: list[str], rows: list[list[str]], kind: str = "scroll") -> str:
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in header)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="{kind}"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'
