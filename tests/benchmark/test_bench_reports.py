"""What the benchmark says about samples, without measuring any."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from pyloop_bench import catalogue, charts, loops, markdown, network, page, picture, promises, report, tables
from pyloop_bench.model import Metric

RATE = Metric("rate", "rate", "/s", more_is_better=True)
LATENCIES = [Metric(key, key, "µs") for key in charts.PERCENTILES]


def made() -> report.Report:
    """Return a report of a workload won, one lost, one that the noise decides, and latencies."""
    loops = ["pyloop", "asyncio", "uvloop", "control"]
    made = report.Report({"date": "a day", "python": "CPython <x> & more"}, loops)
    for name, own in (("won", 200.0), ("lost", 50.0), ("even", 101.0)):
        figures = {"pyloop": [own, own], "asyncio": [100.0, 102.0], "uvloop": [100.0, 100.0], "control": [103.0, 99.0]}
        targets = {"rate": {"asyncio": 1.5}}
        made.results.append(report.Result(name, f"`{name}` <1>", "Rates", [RATE], targets, {"rate": figures}))
    delays = {metric.key: {loop: [10.0 * n] for loop in loops} for n, metric in enumerate(LATENCIES, 1)}
    made.results.append(report.Result("latency", "delays", "Latency", LATENCIES, {}, delays))
    made.failures["won, rloop"] = "no <reason>"
    return made


def renamed(made: report.Report, *names: str) -> report.Report:
    """Return the report with its results under other names."""
    for result, name in zip(made.results, names, strict=False):
        result.name = name
    return made


def test_ratios_are_taken_round_by_round() -> None:
    samples = {"pyloop": [1.0, 4.0], "asyncio": [2.0, 12.0]}
    assert tables.paired(samples, "pyloop", "asyncio", more_is_better=False) == [2.0, 3.0]
    assert tables.paired(samples, "pyloop", "asyncio", more_is_better=True) == [1 / 2, 1 / 3]
    assert tables.compare(samples, "uvloop", more_is_better=False) is None


@pytest.mark.parametrize(
    ("own", "control", "verdict"),
    [
        ([110.0, 111.0], [100.0, 101.0], "better"),
        ([90.0, 91.0], [100.0, 101.0], "worse"),
        ([110.0, 111.0], [115.0, 100.0], "same"),
        ([90.0, 91.0], [100.0, 88.0], "same"),
        ([90.0, 140.0], [100.0, 100.0], "same"),
    ],
    ids=["clear gain", "clear loss", "gain in the noise", "loss in the noise", "rounds disagree"],
)
def test_a_ratio_within_the_noise_is_no_difference(own: list[float], control: list[float], verdict: str) -> None:
    samples = {"pyloop": own, "asyncio": [100.0, 100.0], "control": control}
    ratio = tables.compare(samples, "asyncio", more_is_better=True)
    assert ratio
    assert ratio.verdict == verdict
    assert ("no difference" in str(ratio)) == (verdict == "same")


def test_one_round_gives_no_verdict() -> None:
    once = made()
    for result in once.results:
        for samples in result.samples.values():
            samples.update({loop: figures[:1] for loop, figures in samples.items()})
    for text in (markdown.write(once), page.write(once)):
        assert "One round: no verdict." in text
        assert "2.00x" in text
        assert not re.search(r"reached|missed|no difference|ahead|PyLoop better", text.partition("</style>")[2] or text)


def test_promises_are_counted_and_those_not_kept_are_named() -> None:
    report = made()
    report.results[0].targets = {"rate": {"uvloop": 2, "best peer": 2.5}}
    report.results[1].targets = {"rate": {"asyncio": 0.499}}
    kept, missed = promises.summary(report)
    assert kept == "Targets: 1 of 4 reached, 1 missed by less than the noise, 2 missed:"
    assert missed[0] == "`won` <1>: rate, beside best peer, asyncio: 1.98x instead of 2.5x"
    assert missed[1].startswith("`even` <1>: rate, beside asyncio: ")


def test_a_report_survives_json(tmp_path: Path) -> None:
    made().save(tmp_path / "report.json")
    assert report.load(tmp_path / "report.json") == made()
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(ValueError, match="not a report"):
        report.load(tmp_path / "other.json")


def test_markdown_names_losses_and_missed_targets() -> None:
    text = markdown.write(made())
    assert re.search(r"- uvloop: ahead 1, .*behind 1 \(`lost` <1> 0\.50x\)", text)
    assert "reached" in text
    assert "**missed**" in text
    assert "won, rloop: no <reason>" in text


def test_a_comparison_shows_then_and_now() -> None:
    old, new = made(), made()
    new.results[0].samples["rate"]["pyloop"] = [300.0, 300.0]
    row = next(line for line in markdown.compared(old, new).splitlines() if "`won`" in line)
    assert [cell.strip() for cell in row.split("|")][3:5] == ["200", "300"]


class Resources(HTMLParser):
    """Collects what a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fetched = {"src", "href", "srcset", "data", "poster", "action", "xlink:href"}
        self.found += [f"{tag} {name}" for name, _ in attrs if name in fetched or name.startswith("on")]
        if tag in {"script", "link", "iframe", "object", "embed"}:
            self.found.append(tag)


def test_the_page_is_well_formed_and_needs_nothing_else() -> None:
    text = page.write(made())
    root = ET.fromstring(text.removeprefix("<!DOCTYPE html>\n"))
    assert len(root.findall(".//svg")) == 3 + 2
    resources = Resources()
    resources.feed(text)
    assert resources.found == []
    assert not re.search(r"url\(|@import|://", text)


def test_workloads_are_chosen_by_pattern() -> None:
    assert [workload.name for workload in catalogue.select(["batch-?"])] == [f"batch-{n}" for n in range(5)]
    assert len(catalogue.select(["echo-*-*-*"])) == 50
    assert all(workload.default for workload in catalogue.select([]))
    with pytest.raises(ValueError, match="no workload"):
        catalogue.select(["nothing-*"])


def test_what_is_about_one_subject_stands_together() -> None:
    subjects = [workload.subject for workload in catalogue.WORKLOADS.values()]
    assert len(list(groupby(subjects))) == len(set(subjects))


def test_the_quick_form_leaves_out_what_a_short_look_says_nothing_about() -> None:
    full, smoke, quick = ({w.name for w in catalogue.select([], form)} for form in ("full", "smoke", "quick"))
    assert quick < smoke < full
    assert {"fairness", "memory", "timers-pending"} <= smoke - quick
    assert {workload.subject for workload in catalogue.select([], "quick")} == {
        workload.subject for workload in catalogue.select([])
    } - {"Threads"}
    assert [workload.name for workload in catalogue.select(["fairness"], "quick")] == ["fairness"]


def test_the_picture_shows_every_loop_and_losses_like_gains() -> None:
    drawn = picture.write(renamed(made(), "chain", "tls-echo"))
    root = ET.fromstring(drawn)
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"asyncio", "uvloop", "call_soon, one per iteration", "TLS echo, 1 KiB", "2.00x", "0.50x"} <= set(texts)
    assert "gather of 20,000 tasks" not in texts, "it was not measured"
    assert drawn.count("var(--better)") == drawn.count("var(--worse)")
    assert "prefers-color-scheme: dark" in drawn
    assert "://" not in drawn.replace("http://www.w3.org/2000/svg", "")


def test_every_workload_of_the_picture_exists() -> None:
    for key in picture.SHOWN:
        name, _, wanted = key.partition("/")
        metrics = [metric.key for metric in catalogue.WORKLOADS[name].metrics]
        assert not wanted or wanted in metrics
        assert catalogue.WORKLOADS[name].default


def test_the_description_of_the_method_counts_what_is_there() -> None:
    text = (Path(__file__).parents[2] / "benchmarks" / "README.md").read_text(encoding="utf-8")
    echoes = network.echoes()
    counted = re.search(
        r"of TCP echo's (\d+) \((\d) interfaces, (\d) sizes, (\d) numbers.*, (\d) sizes more.*(\d\d):", text
    )
    assert counted
    assert [int(number) for number in counted.groups()] == [
        *(len(echoes), len(network.INTERFACES), len(network.SIZES), len(network.COUNTS), len(network.BETWEEN)),
        len([workload for workload in echoes if workload.default]),
    ]
    for peer in loops.PEERS:
        assert peer in text


def test_the_pages_of_several_pythons_are_made_by_one_command(tmp_path: Path) -> None:
    tool = Path(__file__).parents[2] / "tools" / "bench_report.py"
    docs = tmp_path / "docs"
    (docs / "benchmarks").mkdir(parents=True)
    (docs / "benchmarks" / "3.10.md").write_text("old")
    by_hand = "# By hand\n\n<!-- What follows is written by make bench-report. -->\n"
    (docs / "benchmarks.md").write_text(f"{by_hand}old")
    for version in ("3.9", "3.14"):
        one = made()
        one.setting["python"] = f"CPython {version}.1, a compiler"
        one.save(tmp_path / f"{version}.json")
    for _ in range(2):
        subprocess.run(
            [sys.executable, str(tool), "--docs", str(docs), *map(str, tmp_path.glob("*.json"))],
            check=True,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        )
    text = (docs / "benchmarks.md").read_text()
    assert text.startswith(by_hand)
    assert text.count("old") == 0
    assert text.index("[3.14](benchmarks/3.14.md) | uvloop | 1 | 1 | 1") < text.index("[3.9](benchmarks/3.9.md)")
    assert "| `lost` <1> | asyncio 0.50x, uvloop 0.50x | asyncio 0.50x, uvloop 0.50x |" in text
    assert "- won, rloop: no <reason>" in text
    assert sorted(file.name for file in (docs / "benchmarks").iterdir()) == ["3.14.md", "3.9.md"]
    assert (docs / "benchmarks" / "3.9.md").read_text().startswith("# Benchmarks on CPython 3.9")
    ET.parse(docs / "assets" / "ratios.svg")


def test_reports_of_one_round_are_given_no_verdict(tmp_path: Path) -> None:
    tool = Path(__file__).parents[2] / "tools" / "bench_report.py"
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "benchmarks.md").write_text("<!-- What follows is written by make bench-report. -->\n")
    one = made()
    one.setting["python"] = "CPython 3.14.1, a compiler"
    for result in one.results:
        result.samples = {
            key: {loop: [taken[0]] for loop, taken in all_.items()} for key, all_ in result.samples.items()
        }
    one.save(tmp_path / "one.json")
    subprocess.run([sys.executable, str(tool), "--docs", str(docs), str(tmp_path / "one.json")], check=True)
    text = (docs / "benchmarks.md").read_text()
    assert "Of one round, which allows no verdict: the figures on CPython 3.14." in text
    assert "Nowhere" not in text
    assert "ahead" not in text
