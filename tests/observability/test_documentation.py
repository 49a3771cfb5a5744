"""The documentation of metrics says what the code does: names that others rely on do not change by accident."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from pathlib import Path
from typing import Final

import pytest

import pyloop
import pyloop.prometheus
from pyloop._observe.catalogue import DELAYS, HISTOGRAMS, METRICS, PREFIX
from pyloop._observe.snapshot import COUNTERS
from support.programs import run_command

_ROOT: Final = Path(__file__).resolve().parents[2]
_PAGE: Final = (_ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
_ROW: Final = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
_BEYOND_THE_TABLE: Final = {"loop", "name", "time", "running", "asleep"}


def _documented() -> dict[str, tuple[str, str, str]]:
    return {field: (otel, prometheus, meaning) for field, otel, prometheus, meaning in _ROW.findall(_PAGE)}


def test_every_metric_is_documented_by_its_names_and_its_meaning() -> None:
    expected = {}
    for metric in METRICS:
        own = "" if metric.attribute is None else f", `{metric.attribute[0]}`=`{metric.attribute[1]}`"
        total = "_total" if metric.is_counter else ""
        expected[metric.field] = (
            f"`{metric.otel_name.removeprefix(f'{PREFIX}.')}`{own}",
            f"`{metric.prometheus_name.removeprefix('pyloop_eventloop_')}{total}`{own}",
            metric.meaning,
        )
    for metric in HISTOGRAMS:
        name = metric.otel_name.removeprefix(f"{PREFIX}.")
        expected[metric.field] = (
            f"`{name}.{DELAYS[0]}` … `{name}.{DELAYS[-1]}`",
            f"`{metric.prometheus_name.removeprefix('pyloop_eventloop_')}`",
            metric.meaning,
        )
    assert _documented() == expected


def test_every_field_is_a_metric_or_explained() -> None:
    fields = {field.name for field in dataclasses.fields(pyloop.LoopMetrics)}
    assert fields | {"utilization"} == _documented().keys() | _BEYOND_THE_TABLE
    for name in _BEYOND_THE_TABLE:
        assert f"`{name}`" in _PAGE


def test_what_only_grows_is_a_counter() -> None:
    assert {metric.field for metric in METRICS if metric.is_counter} == set(COUNTERS)


@pytest.mark.parametrize("name", ["PYLOOP_SLOW_CALLBACK", "PYLOOP_STALL", "PYLOOP_MONITOR"])
def test_a_variable_is_documented(name: str) -> None:
    assert name in _PAGE
    assert name in (_ROOT / "docs" / "tuning.md").read_text(encoding="utf-8")


def test_the_dashboard_asks_for_metrics_that_there_are() -> None:
    loop = pyloop.new_event_loop()
    try:
        text = pyloop.prometheus.text()
    finally:
        loop.close()
    there = set(re.findall(r"^(pyloop_\w+)\{", text, re.MULTILINE))
    dashboard = json.loads((_ROOT / "examples" / "observability" / "grafana.json").read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked = {name for expression in expressions for name in re.findall(r"pyloop_\w+", expression)}
    assert asked <= there
    assert len(asked) > 15


@pytest.mark.parametrize("server", ["aiohttp", "uvicorn"])
def test_an_example_answers_prometheus(server: str) -> None:
    done = run_command([sys.executable, str(Path(__file__).with_name("example_server.py")), server])
    assert done.returncode == 0, done.stderr
    assert re.search(
        r'^pyloop_eventloop_connections_accepted_total\{loop="\d+",thread="MainThread"\} 1\.0$',
        done.stdout,
        re.MULTILINE,
    )
