"""Writes the pages of docs about the benchmark from its reports on several Pythons: ``bench_report.py REPORT.json...``

Each report becomes a page of its own, docs/benchmarks/3.14.md, with every figure. The end of docs/benchmarks.md becomes
the summary of all of them, and the picture in docs/assets is drawn from the newest Python's. Pages of Pythons that are
not among the reports are removed: what stands there is from one state of the project.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from project import ROOT

sys.path.insert(0, str(ROOT / "python"))

from pyloop_bench import markdown, picture, promises, report, tables

MARK = "<!-- What follows is written by make bench-report. -->\n"
SETTING = ("date", "commit", "engine", "processor", "system", "rounds", "seconds", "took")


def version_of(made: report.Report) -> str:
    """Returns the version of Python that a report is about, as in 3.14.

    Raises:
        SystemExit: the report does not say.
    """
    found = re.search(r"\d+\.\d+", made.setting.get("python", ""))
    if not found:
        raise SystemExit("a report without its Python")
    return found[0]


def write(docs: Path, reports: list[report.Report]) -> None:
    """Writes all pages, and the picture, into the folder `docs`."""
    by_version = {version_of(made): made for made in reports}
    versions = sorted(by_version, key=lambda version: [int(part) for part in version.split(".")], reverse=True)
    newest = by_version[versions[0]]
    pages = docs / "benchmarks"
    pages.mkdir(exist_ok=True)
    for old in pages.glob("[0-9]*.md"):
        old.unlink()
    for version in versions:
        text = markdown.write(by_version[version], f"Benchmarks on CPython {version}")
        (pages / f"{version}.md").write_text(text, encoding="utf-8")
    (docs / "assets").mkdir(exist_ok=True)
    (docs / "assets" / "ratios.svg").write_text(picture.write(newest), encoding="utf-8")
    main = docs / "benchmarks.md"
    by_hand, mark, _ = main.read_text(encoding="utf-8").partition(MARK)
    if not mark:
        raise SystemExit(f"{main} lacks the line {MARK}")
    parts = summary({version: by_version[version] for version in versions})
    main.write_text(by_hand + MARK + "\n" + "\n\n".join(parts) + "\n", encoding="utf-8")


def summary(reports: dict[str, report.Report]) -> Iterator[str]:
    """Yields what the main page says about the reports, the newest Python's first."""
    newest = next(iter(reports))
    judged = {version: made for version, made in reports.items() if made.rounds > 1}
    yield f"![PyLoop beside the other loops, on CPython {newest}](assets/ratios.svg)"
    yield f"*CPython {newest}; every figure, and the other Pythons, on the pages below.*"
    if judged:
        yield "## In short"
        yield "How many workloads PyLoop is ahead in, makes no difference in, is behind in, by each one's first figure:"
        yield tables.table(["CPython", "beside", "ahead", "no difference", "behind"], list(_standings(judged)))
        header = ["CPython", "targets reached", "missed by less than the noise", "missed"]
        yield tables.table(header, list(_kept(judged)))
    if single := [version for version in reports if version not in judged]:
        yield f"Of one round, which allows no verdict: the figures on CPython {', '.join(single)}."
    if judged:
        yield "## Where PyLoop is behind"
        yield from _losses(judged)
    yield "## The runs"
    header = ["", *(f"[CPython {version}](benchmarks/{version}.md)" for version in reports)]
    names = dict.fromkeys([*SETTING, *(loop for made in reports.values() for loop in made.loops)])
    rows = ([name, *(made.setting.get(name, "-") for made in reports.values())] for name in names if name != "control")
    yield tables.table(header, rows)
    for version, made in reports.items():
        if notes := made.failures | made.unmeasured:
            yield f"Not measured on CPython {version}:"
            yield "\n".join(f"- {what}: {why}" for what, why in notes.items())


def _standings(reports: dict[str, report.Report]) -> Iterator[list[str]]:
    for version, made in reports.items():
        for peer in made.peers:
            counts = promises.standing(made, peer)
            link = f"[{version}](benchmarks/{version}.md)"
            yield [link, peer, *(str(len(counts[word])) for word in ("better", "same", "worse"))]


def _kept(reports: dict[str, report.Report]) -> Iterator[list[str]]:
    for version, made in reports.items():
        verdicts = [promise.verdict for promise in promises.promises(made)]
        yield [version, *(str(verdicts.count(word)) for word in ("reached", "in the noise", "missed"))]


def _losses(reports: dict[str, report.Report]) -> Iterator[str]:
    behind: dict[str, dict[str, list[str]]] = {}
    for version, made in reports.items():
        for peer in made.peers:
            for title, ratio in promises.standing(made, peer)["worse"]:
                behind.setdefault(title, {}).setdefault(version, []).append(f"{peer} {ratio.median:.2f}x")
    if not behind:
        yield "Nowhere."
        return
    rows = ([title, *(", ".join(where.get(version, ["-"])) for version in reports)] for title, where in behind.items())
    yield tables.table(["workload", *(f"CPython {version}" for version in reports)], rows)


def main() -> None:
    """Writes the pages of the reports that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reports", nargs="+", type=Path, metavar="REPORT.json")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="the folder of the pages (default: docs)")
    arguments = parser.parse_args()
    write(arguments.docs, [report.load(file) for file in arguments.reports])


if __name__ == "__main__":
    main()
