"""Runs tests of one module in a process of its own: ``python worker.py FOLDER``, FOLDER holding the job.

It can be started by hand to run again what a run did; the last job of each module stays in its folder.
"""

from __future__ import annotations

import faulthandler
import fnmatch
import os
import sys
import time
import unittest
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

import binding
from job import JOURNAL, SCRATCH, Job, Loop
from results import Journal, Outcome, Result

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


class Watchdog:
    """Ends the process, with the traceback of every thread on stderr, when a test or what is between tests hangs."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def restart(self) -> None:
        """Begin to count anew."""
        faulthandler.dump_traceback_later(self._seconds, exit=True, file=sys.__stderr__ or sys.stderr)


class Recorder(unittest.TestResult):
    """Writes the outcome of every test to the journal."""

    def __init__(self, package: str, journal: Journal, watchdog: Watchdog) -> None:
        super().__init__()
        self._package = package
        self._journal = journal
        self._watchdog = watchdog
        self._outcome = Outcome.PASSED
        self._details: list[str] = []
        self._began: float | None = None

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802
        super().startTest(test)
        self._began = time.monotonic()
        self._watchdog.restart()
        self._journal.begin(name_of(test, self._package))

    def stopTest(self, test: unittest.TestCase) -> None:  # noqa: N802
        super().stopTest(test)
        self._watchdog.restart()
        # Of a test skipped by a decorator, some releases announce the end but not the start.
        if self._began is not None:
            self._end(test)

    def addError(self, test: unittest.TestCase, err: ExcInfo) -> None:  # noqa: N802
        super().addError(test, err)
        self._note(test, Outcome.FAILED, self.errors[-1][1])

    def addFailure(self, test: unittest.TestCase, err: ExcInfo) -> None:  # noqa: N802
        super().addFailure(test, err)
        self._note(test, Outcome.FAILED, self.failures[-1][1])

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: ExcInfo | None) -> None:  # noqa: N802
        super().addSubTest(test, subtest, err)
        if err is not None:
            failures = self.failures if issubclass(err[0] or Exception, test.failureException) else self.errors
            self._note(test, Outcome.FAILED, f"{subtest}\n{failures[-1][1]}")

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
        super().addUnexpectedSuccess(test)
        self._note(test, Outcome.FAILED, "passes although the suite expects it to fail")

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802
        super().addSkip(test, reason)
        # The skip of one subtest leaves the others to be judged.
        if self._outcome is Outcome.PASSED:
            self._note(test, Outcome.SKIPPED, reason)

    def _note(self, test: unittest.TestCase, outcome: Outcome, detail: str) -> None:
        self._outcome = outcome
        self._details.append(detail)
        if self._began is None:
            # A fixture of the class or the module, counted as a test of its own; or a test that was skipped unstarted.
            self._end(test)

    def _end(self, test: unittest.TestCase) -> None:
        seconds = time.monotonic() - self._began if self._began is not None else 0.0
        self._journal.end(Result(name_of(test, self._package), self._outcome, seconds, "\n".join(self._details)))
        self._outcome = Outcome.PASSED
        self._details = []
        self._began = None


def name_of(test: unittest.TestCase, package: str) -> str:
    """Return the name of ``test`` without that of the package it is from."""
    return test.id().replace(f"{package}.", "")


def select(suite: unittest.TestSuite, job: Job) -> unittest.TestSuite:
    """Return those tests of ``suite`` that ``job`` asks for, in their order."""
    only = None if job.only is None else set(job.only)
    without = set(job.without)

    def wanted(name: str) -> bool:
        if name in without or (only is not None and name not in only):
            return False
        return job.pattern is None or fnmatch.fnmatchcase(name, job.pattern)

    return unittest.TestSuite(test for test in flatten(suite) if wanted(name_of(test, job.package)))


def flatten(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    """Yield the tests of ``suite`` and of the suites in it."""
    for entry in suite:
        if isinstance(entry, unittest.TestSuite):
            yield from flatten(entry)
        else:
            yield entry


def run(job: Job, journal: Journal) -> None:
    """Run the tests ``job`` asks for."""
    watchdog = Watchdog(job.timeout)
    watchdog.restart()
    if job.loop is Loop.PYLOOP:
        binding.bind()
    try:
        suite = unittest.defaultTestLoader.loadTestsFromName(f"{job.package}.{job.module}")
    except unittest.SkipTest as skip:
        journal.end(Result(job.module, Outcome.SKIPPED, detail=str(skip)))
        suite = unittest.TestSuite()
    with warnings.catch_warnings():
        # As unittest's own runner does.
        if not sys.warnoptions:
            warnings.simplefilter("default")
        select(suite, job).run(Recorder(job.package, journal, watchdog))
    journal.complete()


def main() -> None:
    """Run the job of the folder named on the command line."""
    faulthandler.enable()
    folder = Path(sys.argv[1]).resolve()
    job = Job.read(folder)
    os.chdir(folder / SCRATCH)
    with (folder / JOURNAL).open("w", encoding="utf-8") as stream:
        run(job, Journal(stream))


if __name__ == "__main__":
    main()
