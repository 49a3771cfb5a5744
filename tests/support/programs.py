"""Running Python programs in processes of their own, for what a test process cannot survive or must not see."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pyloop

HANG_SECONDS: Final = 60
"""After this time a program is taken to hang. No test expects a program to take anything like it."""

_IMPORT_ROOTS: Final = (Path(pyloop.__file__).resolve().parents[1], Path(__file__).resolve().parents[1])

_PRELUDE: Final = """\
import asyncio, os, signal, sys, threading, time
import pyloop
new_event_loop = {"asyncio": asyncio.SelectorEventLoop, "pyloop": pyloop.new_event_loop}[sys.argv[1]]
def say(*words): print(*words, flush=True)
"""


def program_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment, with the package and the test helpers importable and asyncio's debug mode unset.

    Of Python's development mode, which turns that on too, the checks of memory are left.
    """
    environment = dict(os.environ)
    environment.pop("PYTHONASYNCIODEBUG", None)
    if environment.pop("PYTHONDEVMODE", None):
        environment.setdefault("PYTHONMALLOC", "debug")
    roots = [str(root) for root in _IMPORT_ROOTS]
    inherited = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = os.pathsep.join([*roots, inherited] if inherited else roots)
    environment.update(extra or {})
    return environment


def loop_program(source: str, *, loop: str = "pyloop", options: Sequence[str] = ()) -> list[str]:
    """The command that runs `source` with `new_event_loop`, `say` and the usual modules defined.

    Args:
        source: the program; it is dedented.
        loop: "asyncio" or "pyloop", the loop that `new_event_loop()` makes.
        options: options for the interpreter.
    """
    return [sys.executable, *options, "-c", _PRELUDE + textwrap.dedent(source), loop]


def run_command(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `command` to its end, whatever its exit code. A command that hangs is killed and raises TimeoutExpired."""
    return subprocess.run(
        command,
        env=program_environment(env),
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )


def run_loop_program(
    source: str, *, loop: str = "pyloop", options: Sequence[str] = (), env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `loop_program(source)` to its end, whatever its exit code."""
    return run_command(loop_program(source, loop=loop, options=options), env=env)


@contextlib.contextmanager
def started_loop_program(source: str, *, loop: str = "pyloop") -> Iterator[subprocess.Popen[str]]:
    """`loop_program(source)` as it runs, with its standard streams piped. It is killed if the block leaves it alive."""
    with subprocess.Popen(
        loop_program(source, loop=loop),
        env=program_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def lines_of(source: str, *, loop: str = "pyloop", options: Sequence[str] = ()) -> list[str]:
    """What a loop program says, line by line. It must end with exit code 0."""
    done = run_loop_program(source, loop=loop, options=options)
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout.splitlines()
