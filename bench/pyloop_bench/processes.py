"""Runs the processes that are measured; none of them can end or hang the run."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from . import loops
from .model import Figures, MeasurementError, Setting

IN_JVM = {"PYLOOP_ENGINE": "jvm"}
NO_TRIMMING = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30)}


def environment(loop: str) -> tuple[str, dict[str, str]]:
    """Return the name of the loop to make and the environment to make it in."""
    if loop == loops.UNTRIMMED:
        return "uvloop", {**os.environ, **NO_TRIMMING}
    return loop, os.environ | (IN_JVM if loop == loops.ON_JVM else {})


def run(loop: str, setting: Setting, *command: str) -> Figures:
    """Run Python with the arguments `command` and return the figures that it printed.

    Raises:
        MeasurementError: it failed, did not end in time, or printed something else.
    """
    _, variables = environment(loop)
    try:
        done = subprocess.run(
            [setting.python, *command], capture_output=True, text=True, timeout=setting.timeout, env=variables
        )
    except subprocess.TimeoutExpired:
        raise MeasurementError(f"no end within {setting.timeout:g} s") from None
    if done.returncode:
        raise MeasurementError(ending(done.returncode, done.stderr))
    return printed(done.stdout)


def printed(output: str) -> Figures:
    """Return the figures that a process printed.

    Raises:
        MeasurementError: these are no figures.
    """
    try:
        figures: Figures = json.loads(output)
    except ValueError:
        raise MeasurementError(f"printed no figures but {output[:80]!r}") from None
    return figures


def ending(status: int, errors: str) -> str:
    """Return how a process ended, in one line: the status or the signal, and the last of its errors."""
    how = f"exit status {status}" if status >= 0 else f"killed by signal {-status}, {signal.strsignal(-status)}"
    return "; ".join([how, *errors.strip().splitlines()[-1:]])


@contextmanager
def served(loop: str, workload: str, setting: Setting) -> Iterator[tuple[str, int]]:
    """Run a server in a fresh process; yields its address as an option for the generator, and its process id.

    Raises:
        MeasurementError: the server did not start in time, or it ended while it was loaded.
    """
    name, variables = environment(loop)
    with TemporaryDirectory() as folder:
        command = [setting.python, "-m", "pyloop_bench.servers", name, workload, "--core", str(setting.server_core)]
        with (
            Path(folder, "errors").open("w+") as errors,
            subprocess.Popen(
                [*command, "--folder", folder], stdout=subprocess.PIPE, stderr=errors, text=True, env=variables
            ) as process,
        ):

            def ended() -> str:
                errors.seek(0)
                return ending(process.returncode, errors.read())

            try:
                yield _address(process, setting.timeout), process.pid
            except MeasurementError as error:
                # Whoever loads a server that dies sees its connections break a little earlier than its end.
                with suppress(subprocess.TimeoutExpired):
                    process.wait(1)
                    raise MeasurementError(f"the server: {ended()}") from error
                raise
            finally:
                process.kill()


def _address(process: subprocess.Popen[str], timeout: float) -> str:
    assert process.stdout
    if not select.select([process.stdout], [], [], timeout)[0]:
        raise MeasurementError(f"the server did not start within {timeout:g} s")
    address = process.stdout.readline().strip()
    if not address.startswith(("port=", "path=")):
        raise MeasurementError(f"the server told no address but {address!r}")
    return address


def peak_mib(process: int) -> float:
    """Return the most memory that a process has had, in MiB.

    Raises:
        MeasurementError: it has ended.
    """
    # Not getrusage's ru_maxrss, which begins with that of the process it was forked from.
    with suppress(FileNotFoundError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    raise MeasurementError("the process that was measured has ended")
