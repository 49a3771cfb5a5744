"""Runs CPython's own test_asyncio, that of the interpreter it is started with, on PyLoop; ``verdicts`` holds the rules.

It ends with status 1 if any test failed, and with a line "N passed, M failed, K skipped".
"""

from __future__ import annotations

import argparse
import importlib
import platform
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import binding
import exclusions
import modules
import report
import supervisor
import verdicts
from job import Job, Loop
from results import Outcome, Result
from verdicts import Judged, Verdict

ROOT = Path(__file__).resolve().parents[2]
VERSION = "{}.{}".format(*sys.version_info)
DEFAULT_TIMEOUT_SECONDS = 120.0
DEFAULT_PROCESSES = 2


@dataclass(frozen=True)
class Run:
    """The settings of a run.

    Attributes:
        package: the package of the suite.
        modules: the modules to run.
        timeout: seconds after which a test has hung.
        processes: how many modules run at the same time.
        pattern: run only the tests whose name matches this pattern of shell style.
        folder: where the workers' files go.
    """

    package: str
    modules: list[str]
    timeout: float
    processes: int
    pattern: str | None
    folder: Path

    def all_tests(self, loop: Loop, without: Sequence[str] = ()) -> list[Result]:
        """Run the tests on ``loop``, without some."""
        return self._execute(
            self.folder / loop,
            [Job(self.package, name, loop, self.timeout, self.pattern, without=without) for name in self.modules],
        )

    def again(self, doubtful: Iterable[Result]) -> dict[str, Outcome]:
        """Run tests on the interpreter's own loop, in processes of their own, and return their outcomes."""
        tests = defaultdict(list)
        for result in doubtful:
            tests[result.test.split(".")[0]].append(result.test)
        jobs = [
            Job(self.package, name, Loop.OWN, self.timeout, only=tests[name]) for name in self.modules if name in tests
        ]
        return {result.test: result.outcome for result in self._execute(self.folder / "again", jobs)}

    def _execute(self, folder: Path, jobs: list[Job]) -> list[Result]:
        def execute(job: Job) -> list[Result]:
            began = time.monotonic()
            found = supervisor.run(job, folder / job.module)
            print(report.progress(job.module, found, time.monotonic() - began), flush=True)
            return found

        with ThreadPoolExecutor(self.processes) as pool:
            return [result for found in pool.map(execute, jobs) for result in found]


def judge_baseline(run: Run) -> list[Judged]:
    """Run the suite on the interpreter's own loop, where nothing is excluded."""
    return [verdicts.judge(result, {}, None) for result in run.all_tests(Loop.OWN)]


def judge_pyloop(run: Run, excluded: Mapping[str, str]) -> list[Judged]:
    """Run the suite on PyLoop, and on the interpreter's own loop what does not pass there."""
    found = run.all_tests(Loop.PYLOOP, exclusions.hanging(VERSION))
    doubtful = verdicts.doubtful(found, excluded)
    print(f"\nThe interpreter's own loop, for the {len(doubtful)} tests that did not pass:")
    own = run.again(doubtful)
    judged = [verdicts.judge(result, excluded, own) for result in found]
    if run.pattern is None:
        judged += verdicts.stale(found, excluded, run.modules)
    return judged


def parse() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modules", default="all", metavar="loop|all|NAME,...", help="which modules to run")
    parser.add_argument("--baseline", action="store_true", help="run on the interpreter's own loop")
    parser.add_argument("--match", metavar="PATTERN", help='only tests such as "test_events.*.test_call_*"')
    parser.add_argument("--verbose", action="store_true", help="say why tests were skipped or are excluded")
    parser.add_argument("-j", dest="processes", type=int, default=DEFAULT_PROCESSES, help="modules at the same time")
    parser.add_argument("--timeout", type=float, default=DEFAULT_TIMEOUT_SECONDS, help="seconds a test may take")
    return parser.parse_args()


def main() -> None:
    """Run, report and exit."""
    options = parse()
    # A shell has what it runs in the background ignore this one, and the tests of interrupts would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    binding.make_importable()
    pyloop = importlib.import_module("pyloop")
    what = "its own loop" if options.baseline else f"PyLoop {pyloop.__version__}, engine {pyloop.engine()}"
    print(f"test_asyncio of CPython {platform.python_version()} on {what}")
    run = Run(
        package=modules.PACKAGE,
        modules=modules.chosen(options.modules),
        timeout=options.timeout,
        processes=options.processes,
        pattern=options.match,
        folder=ROOT / "build" / "conformance" / f"{VERSION}{sys.abiflags}-{pyloop.engine()}",
    )
    judged = judge_baseline(run) if options.baseline else judge_pyloop(run, exclusions.excluded(VERSION))
    shown = [Verdict.SKIPPED, Verdict.EXCLUDED] if options.verbose else []
    for verdict in (*shown, Verdict.FOREIGN, Verdict.FAILED):
        for text in report.details(judged, verdict):
            print(text)
    print(report.summary(judged))
    sys.exit(any(entry.verdict is Verdict.FAILED for entry in judged))


if __name__ == "__main__":
    main()
