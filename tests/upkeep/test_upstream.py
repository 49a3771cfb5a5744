"""What `make test-upstream` makes of two runs of a suite: nothing that passes on asyncio alone goes by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from upstream import results
from upstream.results import Run
from upstream.subject import Subject

SUBJECT = Subject("any", excluded={"kind.py::test_class[*": "asks for asyncio's class"})
GOOD = {"a.py::test": "passed", "kind.py::test_class[1]": "passed"}


def judged(outcomes: dict[str, str], *, status: int = 0, loops: Any = None) -> results.Verdict:
    run = Run(status, outcomes, {"pyloop": 1} if loops is None else loops)
    return results.judge(SUBJECT, Run(0, dict(GOOD)), run)


def test_what_is_excluded_may_fail_and_nothing_else() -> None:
    verdict = judged(GOOD | {"kind.py::test_class[1]": "failed"})
    assert (verdict.problems, list(verdict.excluded)) == ([], ["kind.py::test_class[1]"])
    verdict = judged({"a.py::test": "skipped", "kind.py::test_class[1]": "failed"})
    assert verdict.problems == ["a.py::test: skipped", "no test passed on PyLoop"]
    assert "a.py::test: not run" in judged({"kind.py::test_class[1]": "failed"}).problems


def test_an_exclusion_that_nothing_needs_is_a_problem() -> None:
    assert judged(GOOD).problems == ["kind.py::test_class[* is excluded and does not fail"]


def test_a_crash_and_a_run_without_the_loop_are_problems() -> None:
    crashed = judged({"kind.py::test_class[1]": "failed", "a.py::test": "begun"}, status=-11)
    assert "exit status -11 on PyLoop, in a.py::test" in crashed.problems
    assert "no loop of PyLoop's was made" in judged(GOOD, loops={"asyncio": 1}).problems


def test_the_worst_that_is_said_of_a_test_counts(tmp_path: Path) -> None:
    lines = [["t", "begun"], ["t", "passed"], ["t", "failed"], ["t", "passed"], ["u", "begun"], ["", {"pyloop": 2}]]
    file = tmp_path / "results"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    run = results.read(file, 1)
    assert (run.outcomes, run.loops, run.passed) == ({"t": "failed", "u": "begun"}, {"pyloop": 2}, 0)
