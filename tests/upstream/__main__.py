"""``PYTHONPATH=tests:tools python3 -m upstream aiohttp tornado`` runs these suites; without names, all."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import upstream.subjects
from project import ROOT
from upstream import provision, results
from upstream.provision import Place
from upstream.results import Run
from upstream.subject import Subject

LOOPS = ("asyncio", "pyloop")
FIXED = ("-p", "upstream.plugin", "-p", "no:cacheprovider", "-q", "-rfE", "--tb=short", "--timeout=60", "--color=no")
# After this time a suite is taken to hang.
SUITE_SECONDS = 3600
TIMED_OUT = 124


def run_suite(subject: Subject, place: Place, loop: str, tests: Sequence[str] = ()) -> Run:
    """Runs a suite, or just some tests of it, on one loop, its output in a log beside it."""
    home = place.suite.parent
    part = f"{loop}-again" if tests else loop
    file, log = home / f"{part}.jsonl", home / f"{part}.log"
    file.unlink(missing_ok=True)
    paths = os.pathsep.join(str(ROOT / name) for name in ("tests", "python"))
    chosen = {"UPSTREAM_LOOP": loop, "UPSTREAM_SUBJECT": subject.name, "UPSTREAM_RESULTS": str(file)}
    command: list[str | Path] = [place.python, "-m", "pytest", *FIXED, *subject.options, *(tests or subject.tests)]
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command,
            cwd=place.suite,
            env={**os.environ, "PYTHONPATH": paths, **subject.environment, **chosen},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait(SUITE_SECONDS)
        except subprocess.TimeoutExpired:
            status = TIMED_OUT
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return results.read(file, status)


def compare(subject: Subject, version: str) -> tuple[str, bool]:
    """Runs a suite on both loops, and returns a line of a table and what is wrong, and whether nothing is.

    What differs is run once more, on both, as suites have tests that fail now and then; a crash is not.
    """
    place = provision.provide(subject, version)
    runs = {loop: run_suite(subject, place, loop) for loop in LOOPS}
    asyncio, pyloop = (runs[loop] for loop in LOOPS)
    unsure = [test for test in results.differing(asyncio, pyloop) if subject.reason(test) is None]
    if unsure and pyloop.status in results.ENDED:
        for loop in LOOPS:
            runs[loop].outcomes |= run_suite(subject, place, loop, unsure).outcomes
    verdict = results.judge(subject, asyncio, pyloop)
    reasons = "; ".join(sorted({f"{reason}" for reason in verdict.excluded.values()})) or "none"
    excluded = f"{len(verdict.excluded)}: {reasons}" if verdict.excluded else reasons
    lines = [f"| {subject.name} | {place.version} | {asyncio.passed:,} | {pyloop.passed:,} | {excluded} |"]
    lines += [f"    {problem}" for problem in verdict.problems]
    lines += [f"    no difference at the second try: {test}" for test in unsure if test not in verdict.different]
    return "\n".join(lines), not verdict.problems


def main() -> int:
    """Runs the suites, and returns the exit status."""
    parser = argparse.ArgumentParser(prog="upstream", description=__doc__)
    parser.add_argument("subjects", nargs="*", default=upstream.subjects.NAMES, help="whose suites to run")
    parser.add_argument("--python", default="3.13", help="the version to run them on")
    parser.add_argument("--jobs", type=int, default=1, help="suites side by side")
    options = parser.parse_args()
    subjects = [importlib.import_module(f"upstream.subjects.{name}").SUBJECT for name in options.subjects]
    sys.stdout.write("| suite | version | on asyncio | on PyLoop | excluded |\n| --- | --- | --- | --- | --- |\n")
    good = True
    with ThreadPoolExecutor(options.jobs) as pool:
        for text, right in pool.map(lambda subject: compare(subject, options.python), subjects):
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
            good &= right
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
