"""System calls that fail, come short or are interrupted, under scenarios of every kind (the package `faults`)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from faults import shim
from support.programs import program_environment

LONG_SECONDS = 1000
HANGING = ("epoll_ctl",)
"""Where these fail, asyncio waits for ever, as one sees by waiting: too long for every run."""

MANY = 1000
"""So many failures are a long run."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What stands before the C library."""
    return shim.build(tmp_path_factory.mktemp("faults"))


def run(library: Path, *arguments: str) -> None:
    """Have calls fail in a process of their own; the last line before a crash or a hang tells where."""
    done = subprocess.run(
        [sys.executable, "-m", "faults", *arguments],
        env=program_environment({"LD_PRELOAD": os.fspath(library)}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONG_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}"


def test_calls_that_fail(library: Path, fault_limit: int) -> None:
    """Each once: with an error that says so or with what asyncio does; never a crash, a leak, or other bytes."""
    if fault_limit >= MANY:
        run(library, "--storms", "10", "--limit", str(fault_limit))
    else:
        run(library, "--storms", "1", "--limit", str(fault_limit), "--without", *HANGING)


def test_a_wait_that_the_system_does_not_know(library: Path) -> None:
    """Neither an old kernel nor a container's filter, which answers EPERM."""
    run(library, "--storms", "0", "--only", "timers", "--calls", "epoll_pwait2")


def test_errors_of_closing(library: Path) -> None:
    """A loop closes nevertheless, and whatever it owned is closed."""
    run(library, "--storms", "0", "--only", "timers", "child", "tcp", "--calls", "close")


def test_memory_that_is_short_for_one_object() -> None:
    """A MemoryError comes out where there was no memory, and afterwards everything works again."""
    pytest.importorskip("_testcapi", reason="only Python's own tests have what makes allocations fail")
    done = subprocess.run(
        [sys.executable, "-m", "faults.memory"],
        env=program_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
