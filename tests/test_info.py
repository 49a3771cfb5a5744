"""``python -m pyloop --info`` says what a report of a problem needs, and whether the loop works."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pyloop
from pyloop import _java_home
from support.programs import run_command, run_loop_program

_CHECKS: Final = ("callback", "timer", "thread-safe call", "TCP echo")


def _info(env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return run_command([sys.executable, "-m", "pyloop", "--info"], env=env)


def _rows(shown: str) -> dict[str, str]:
    """The values by their labels."""
    rows = (line.rpartition(":  ") if ":  " in line else line.partition(": ") for line in shown.splitlines())
    return {label: value.strip() for label, _, value in rows}


def test_the_report_names_versions_and_java_and_says_that_the_loop_works() -> None:
    done = _info({"PYLOOP_JVM_OPTIONS": "-Dpyloop.test=1"})
    rows = _rows(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    home = _java_home.find_java_home()
    assert rows["PyLoop"].startswith(pyloop.__version__)
    assert sys.version.split()[0] in rows["Python"]
    assert rows["C library"].startswith("glibc 2.")
    assert rows["Java"] == f"{home.path} ({home.source})"
    assert int(rows["Java version"].partition(".")[0]) >= 25
    assert rows["JVM options"].endswith(" -Dpyloop.test=1")
    assert rows["AOT cache"].startswith("off")
    assert rows["PYLOOP_JVM_OPTIONS"] == "-Dpyloop.test=1"
    assert {name: rows[f"check: {name}"] for name in _CHECKS} == dict.fromkeys(_CHECKS, "ok")
    assert rows["self-check"] == "ok"


def test_a_missing_java_is_reported_and_what_was_looked_at(tmp_path: Path) -> None:
    done = run_loop_program(
        f"""
from pyloop import _info, _java_home
os.environ.update(PYLOOP_JAVA_HOME={str(tmp_path)!r}, JAVA_HOME="", PATH="")
_java_home._SYSTEM_HOMES = ()
say(_info.main())
"""
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"PYLOOP_JAVA_HOME: {tmp_path}: has no lib/server/libjvm.so" in done.stdout
    assert _rows(done.stdout)["self-check"].startswith("failed, no loop could be made: PyLoop needs a Java")
    assert done.stdout.endswith("\nFalse\n")


def test_a_jvm_that_does_not_start_is_a_failure() -> None:
    done = _info({"PYLOOP_JVM_OPTIONS": "-XX:+NoSuchOption"})
    assert done.returncode == 1
    assert _rows(done.stdout)["self-check"].startswith("failed, no loop could be made: the Java virtual machine")
    assert "Traceback" not in done.stderr


def test_options_that_cannot_be_read_are_a_failure() -> None:
    done = _info({"PYLOOP_JVM_OPTIONS": "'"})
    assert done.returncode == 1
    assert "PYLOOP_JVM_OPTIONS cannot be read: No closing quotation" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_check_that_fails_does_not_keep_the_others_from_running() -> None:
    done = run_loop_program(
        """
from pyloop import _info
async def start_server(*args): raise OSError("no sockets today")
asyncio.start_server = start_server
say(_info.main())
"""
    )
    assert (done.returncode, done.stderr) == (0, "")
    rows = _rows(done.stdout)
    assert rows["check: TCP echo"] == "failed: OSError('no sockets today')"
    assert (rows["check: timer"], rows["self-check"]) == ("ok", "failed")
    assert done.stdout.endswith("\nFalse\n")
