"""What came of a suite on one loop, and what differs between two."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from upstream.subject import Subject

BEGUN = "begun"
PASSED = "passed"
FAILED = "failed"
# A process that ended so has run all of its tests.
ENDED = (0, 1)


@dataclass
class Run:
    """The outcome of each test, how many loops of which kind were made, and the exit status of the process."""

    status: int
    outcomes: dict[str, str] = field(default_factory=dict)
    loops: dict[str, int] = field(default_factory=dict)

    @property
    def passed(self) -> int:
        """How many tests passed."""
        return Counter(self.outcomes.values())[PASSED]


@dataclass
class Verdict:
    """What is wrong with PyLoop's run, what passed on asyncio alone, and which of that is excluded, and why."""

    problems: list[str]
    different: list[str]
    excluded: dict[str, str]


def read(file: Path, status: int) -> Run:
    """Reads what the plugin wrote: the worst that was said of a test counts, and one that never ended is just begun."""
    run = Run(status)
    for line in file.read_text(encoding="utf-8").splitlines():
        test, outcome = json.loads(line)
        if not test:
            run.loops = outcome
        elif run.outcomes.get(test) != FAILED:
            run.outcomes[test] = outcome
    return run


def differing(asyncio: Run, pyloop: Run) -> list[str]:
    """Returns the tests that passed on asyncio and not on PyLoop."""
    return [
        test for test, outcome in asyncio.outcomes.items() if outcome == PASSED and pyloop.outcomes.get(test) != PASSED
    ]


def judge(subject: Subject, asyncio: Run, pyloop: Run) -> Verdict:
    """Compares both runs of a suite."""
    different = differing(asyncio, pyloop)
    excluded = {test: reason for test in different if (reason := subject.reason(test))}
    problems = [f"{test}: {pyloop.outcomes.get(test, 'not run')}" for test in different if test not in excluded]
    problems += _needless(subject, excluded)
    for name, run in (("asyncio", asyncio), ("PyLoop", pyloop)):
        if run.status not in ENDED:
            last = next((test for test, outcome in run.outcomes.items() if outcome == BEGUN), "no test")
            problems.append(f"exit status {run.status} on {name}, in {last}")
        if not run.passed:
            problems.append(f"no test passed on {name}")
    if not pyloop.loops.get("pyloop"):
        problems.append("no loop of PyLoop's was made")
    return Verdict(problems, different, excluded)


def _needless(subject: Subject, excluded: dict[str, str]) -> Iterator[str]:
    reasons = set(excluded.values())
    for name, reason in subject.excluded.items():
        if reason not in reasons:
            yield f"{name} is excluded and does not fail"
