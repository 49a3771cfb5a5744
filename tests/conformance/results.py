"""What happened to a test, as a worker writes it and the run reads it: one line of JSON per event."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TextIO


class Outcome(StrEnum):
    """How a test ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    DIED = "died"
    """The process did not survive the test: it crashed, or hung and was killed."""


@dataclass(frozen=True)
class Result:
    """The end of one test.

    Attributes:
        test: the test's name, without that of the suite's package: ``module.Class.method``.
        outcome: how it ended.
        seconds: how long it took.
        detail: the traceback of a failure, the reason of a skip.
    """

    test: str
    outcome: Outcome
    seconds: float = 0.0
    detail: str = ""


class Journal:
    """The file a worker reports to. A line is there as soon as it is written: whatever happens next, it is not lost."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def begin(self, test: str) -> None:
        """Note that a test starts."""
        self._write({"begin": test})

    def end(self, result: Result) -> None:
        """Note how a test ended."""
        self._write({"end": asdict(result)})

    def complete(self) -> None:
        """Note that all tests have been run."""
        self._write({"complete": True})

    def _write(self, event: dict[str, object]) -> None:
        self._stream.write(json.dumps(event) + "\n")
        self._stream.flush()


@dataclass(frozen=True)
class Record:
    """What a worker's journal says.

    Attributes:
        results: the tests that ended.
        running: the test that began and did not end, if there is one.
        complete: whether the worker got to the end of its tests.
    """

    results: list[Result]
    running: str | None
    complete: bool


def read(path: Path) -> Record:
    """Return what is in the journal at ``path``; nothing if there is none."""
    results: list[Result] = []
    running: str | None = None
    complete = False
    for event in _events(path):
        if "begin" in event:
            running = event["begin"]
        elif "end" in event:
            end = event["end"]
            results.append(Result(end["test"], Outcome(end["outcome"]), end["seconds"], end["detail"]))
            running = None
        else:
            complete = True
    return Record(results, running, complete)


def _events(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            # The worker may have been killed in the middle of its last line.
            if line.endswith("\n"):
                yield json.loads(line)
