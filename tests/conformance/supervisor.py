"""Runs a job in a worker process, and goes on behind a test that the process did not survive."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import results
from job import JOURNAL, OUTPUT, SCRATCH, Job
from results import Outcome, Result

WORKER = Path(__file__).with_name("worker.py")

DEATHS = 5
"""A module whose process died this often is given up."""

EXIT_SECONDS = 1800.0
"""Each test has a time limit of its own, kept by the worker; this one is for a worker whose watchdog is dead too."""

OUTPUT_LINES = 60


def run(job: Job, folder: Path) -> list[Result]:
    """Run ``job`` and return what became of its tests.

    ``folder`` is emptied first; the journal, output and scratch files of the last process stay in it.
    """
    found: list[Result] = []
    for _ in range(DEATHS):
        shutil.rmtree(folder, ignore_errors=True)
        (folder / SCRATCH).mkdir(parents=True)
        replace(job, without=[*job.without, *(result.test for result in found)]).write(folder)
        status = _run_worker(folder)
        record = results.read(folder / JOURNAL)
        found += record.results
        if record.complete and status == 0:
            return found
        victim = record.running or f"{job.module} ({'exit' if record.complete else 'outside its tests'})"
        found.append(Result(victim, Outcome.DIED, detail=f"{_describe(status)}\n{_tail(folder / OUTPUT)}"))
        if record.running is None:
            return found
    found.append(Result(f"{job.module} (rest)", Outcome.DIED, detail=f"given up after {DEATHS} deaths"))
    return found


def _run_worker(folder: Path) -> int:
    """Run a worker on the job in ``folder`` and return its exit status, negative for a signal."""
    with (folder / OUTPUT).open("wb") as output:
        worker = subprocess.Popen(
            [sys.executable, "-u", WORKER, folder],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return worker.wait(EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            return -signal.SIGKILL
        finally:
            # Children that a test left behind are in the worker's process group.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


def _describe(status: int) -> str:
    if status < 0:
        return f"the process died of {signal.Signals(-status).name}"
    return f"the process ended with status {status}"


def _tail(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-OUTPUT_LINES:])
