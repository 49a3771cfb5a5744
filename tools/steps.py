"""Runs one command of the build with its output in a log, and reads from the log how many tests it ran."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from project import BUILD, ROOT

REPORTS = BUILD / "reports"
TIMEOUT_SECONDS = 1200
TIMED_OUT = 124

# pytest's closing line, and the plain one: "12 passed, 1 failed, 2 skipped".
PLAIN_COUNT = re.compile(r"(\d+) (passed|failed|skipped|error|xfailed|xpassed)")
SUREFIRE_TOTAL = re.compile(r"Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+)\s*$")


@dataclass(frozen=True)
class Counts:
    """How many tests passed, failed and were skipped; written as CI reads it."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


@dataclass(frozen=True)
class Result:
    """What came of a step: ``status`` is the exit status of its command, ``seconds`` the time it took."""

    name: str
    status: int
    counts: Counts
    seconds: float
    log: Path

    @property
    def failed(self) -> bool:
        """Whether anything went wrong; a command's exit status 0 does not hide a failure that it counted."""
        return self.status != 0 or self.counts.failed > 0


@dataclass(frozen=True)
class Step:
    """A command to run in the project's folder; where it counts tests, a run without any has failed."""

    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str] = field(default_factory=dict)
    counts_tests: bool = True

    def run(self, environment: Mapping[str, str]) -> Result:
        """Runs the command, with ``environment`` and the step's own added to this process's.

        A failure that shows in no count still counts as one.
        """
        REPORTS.mkdir(parents=True, exist_ok=True)
        log = REPORTS / f"{self.name}.log"
        start = time.monotonic()
        with log.open("w", encoding="utf-8") as output:
            status = self._execute(output.fileno(), {**environment, **self.environment})
        seconds = time.monotonic() - start
        counts = read_counts(log.read_text(encoding="utf-8", errors="replace")) if self.counts_tests else Counts()
        silent = self.counts_tests and counts == Counts()
        if (status or silent) and not counts.failed:
            counts += Counts(failed=1)
        return Result(self.name, status, counts, seconds, log)

    def _execute(self, output: int, environment: Mapping[str, str]) -> int:
        process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return process.wait(TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            return TIMED_OUT
        finally:
            # What the command left running would disturb the steps after it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def read_counts(text: str) -> Counts:
    """Returns the counts in the last line of a test run's output that holds any, none if no line does."""
    for line in reversed(text.splitlines()):
        if total := SUREFIRE_TOTAL.search(line):
            run, failures, errors, skipped = map(int, total.groups())
            return Counts(run - failures - errors - skipped, failures + errors, skipped)
        if found := PLAIN_COUNT.findall(line):
            number = {word: int(digits) for digits, word in found}
            return Counts(
                number.get("passed", 0) + number.get("xfailed", 0),
                number.get("failed", 0) + number.get("error", 0) + number.get("xpassed", 0),
                number.get("skipped", 0),
            )
    return Counts()
