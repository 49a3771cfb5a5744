"""A plugin of pytest, loaded before any test: it has PyLoop be the loop, and writes down what came of each test.

``UPSTREAM_LOOP`` says which loop it is to be, ``UPSTREAM_SUBJECT`` whose suite runs, ``UPSTREAM_RESULTS`` into which
file the results go, a line each, so that a crash leaves those of the tests before it.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

import pyloop

_RESULTS: Final = Path(os.environ["UPSTREAM_RESULTS"])
_made: Counter[str] = Counter()


def pytest_configure() -> None:
    """Make PyLoop the loop of all that leaves the choice to asyncio, and of what the subject chooses by itself."""
    subject = importlib.import_module(f"upstream.subjects.{os.environ['UPSTREAM_SUBJECT']}")
    if hasattr(subject, "prepare"):
        subject.prepare()
    if os.environ["UPSTREAM_LOOP"] == "pyloop":
        pyloop.install()
        if hasattr(subject, "use"):
            subject.use(pyloop.new_event_loop)
    make = asyncio.SelectorEventLoop.__init__

    def count(loop: asyncio.SelectorEventLoop, *arguments: Any) -> None:
        _made["pyloop" if isinstance(loop, pyloop.EventLoop) else "asyncio"] += 1
        make(loop, *arguments)

    asyncio.SelectorEventLoop.__init__ = count  # type: ignore[method-assign, assignment]


def pytest_collection_finish() -> None:
    """Leave out what lives as long as the process: it makes collections cheap, which some suites do after each test."""
    gc.collect()
    gc.freeze()


def pytest_runtest_logstart(nodeid: str) -> None:
    """Write down that a test has begun."""
    _write(nodeid, "begun")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write down what came of the test itself, and of its fixtures where they failed or skipped it."""
    if report.when == "call" or report.outcome != "passed":
        _write(report.nodeid, report.outcome)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Write down what could not be imported."""
    if report.failed:
        _write(report.nodeid, "failed")


def pytest_sessionfinish() -> None:
    """Write down how many loops of which kind there were."""
    _write("", dict(_made))


def _write(test: str, outcome: object) -> None:
    with _RESULTS.open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps([test, outcome])}\n")
