"""``python -m pyloop --info`` says what a report of a problem needs, and whether the loop works."""

from __future__ import annotations

import sys
from typing import Final

import pyloop
from support.information import information, rows_of
from support.programs import run_loop_program

_CHECKS: Final = ("callback", "timer", "thread-safe call", "TCP echo")


def test_the_report_names_versions_and_the_engine_and_says_that_the_loop_works() -> None:
    done = information({"PYLOOP_MAX_HEAP": "100m"})
    rows = rows_of(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert rows["PyLoop"].startswith(pyloop.__version__)
    assert sys.version.split()[0] in rows["Python"]
    assert rows["C library"].startswith("glibc 2.")
    assert rows["engine"] == pyloop.engine()
    assert rows["heap"] == "100 MiB at the most"
    assert rows["PYLOOP_MAX_HEAP"] == "100m"
    assert {name: rows[f"check: {name}"] for name in _CHECKS} == dict.fromkeys(_CHECKS, "ok")
    assert rows["self-check"] == "ok"


def test_a_check_that_fails_does_not_keep_the_others_from_running() -> None:
    done = run_loop_program(
        """
from pyloop._commands import info
async def start_server(*args): raise OSError("no sockets today")
asyncio.start_server = start_server
say(info.main())
"""
    )
    assert (done.returncode, done.stderr) == (0, "")
    rows = rows_of(done.stdout)
    assert rows["check: TCP echo"] == "failed: OSError('no sockets today')"
    assert (rows["check: timer"], rows["self-check"]) == ("ok", "failed")
    assert done.stdout.endswith("\nFalse\n")
