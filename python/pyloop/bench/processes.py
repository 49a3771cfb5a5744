"""Runs the processes that are measured."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from . import loops
from .model import Figures, MeasurementError, Setting

TIMEOUT_SECONDS = 120
NO_TRIMMING = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30)}


def environment(loop: str) -> tuple[str, dict[str, str]]:
    """Return the name of the loop to make and the environment to make it in."""
    if loop == loops.UNTRIMMED:
        return "uvloop", {**os.environ, **NO_TRIMMING}
    return loop, dict(os.environ)


def run(loop: str, setting: Setting, *command: str, timeout: float = TIMEOUT_SECONDS) -> Figures:
    """Run Python with the arguments `command` and return the figures that it printed.

    Raises:
        MeasurementError: it failed.
    """
    _, variables = environment(loop)
    try:
        done = subprocess.run(
            [setting.python, *command], capture_output=True, text=True, timeout=timeout, env=variables
        )
    except subprocess.TimeoutExpired:
        raise MeasurementError(f"no end within {timeout:g} s") from None
    if done.returncode:
        raise MeasurementError((done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1])
    figures: Figures = json.loads(done.stdout)
    return figures


@contextmanager
def served(loop: str, workload: str, setting: Setting) -> Iterator[tuple[str, int]]:
    """Run a server in a fresh process; yields its address as an option for the generator, and its process id."""
    name, variables = environment(loop)
    with TemporaryDirectory() as folder:
        command = [setting.python, "-m", "pyloop.bench.servers", name, workload, "--core", str(setting.server_core)]
        with (
            Path(folder, "errors").open("w+") as errors,
            subprocess.Popen(
                [*command, "--folder", folder], stdout=subprocess.PIPE, stderr=errors, text=True, env=variables
            ) as process,
        ):
            try:
                assert process.stdout
                address = process.stdout.readline().strip()
                if not address:
                    process.wait(TIMEOUT_SECONDS)
                    errors.seek(0)
                    why = (errors.read().strip().splitlines() or [f"exit status {process.returncode}"])[-1]
                    raise MeasurementError(f"the server did not start: {why}")
                yield address, process.pid
            finally:
                process.kill()


def peak_mib(process: int) -> float:
    """Return the most memory that a process has had, in MiB."""
    status = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024
