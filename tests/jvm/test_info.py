"""What ``--info`` says of Java."""

from __future__ import annotations

from pathlib import Path

from pyloop._start.jvm import java_home
from support.information import information, rows_of
from support.programs import run_loop_program


def test_the_report_names_java_and_its_options() -> None:
    done = information({"PYLOOP_JVM_OPTIONS": "-Dpyloop.test=1"})
    rows = rows_of(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    home = java_home.find_java_home()
    assert rows["Java"] == f"{home.path} ({home.source})"
    assert int(rows["Java version"].partition(".")[0]) >= 25
    assert rows["JVM options"].endswith(" -Dpyloop.test=1")
    assert rows["PYLOOP_JVM_OPTIONS"] == "-Dpyloop.test=1"
    assert rows["self-check"] == "ok"


def test_a_missing_java_is_reported_and_what_was_looked_at(tmp_path: Path) -> None:
    done = run_loop_program(
        f"""
from pyloop._commands import info
from pyloop._start.jvm import java_home
os.environ.update(PYLOOP_JAVA_HOME={str(tmp_path)!r}, JAVA_HOME="", PATH="")
java_home._SYSTEM_HOMES = ()
say(info.main())
"""
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"PYLOOP_JAVA_HOME: {tmp_path}: has no lib/server/libjvm.so" in done.stdout
    assert rows_of(done.stdout)["self-check"].startswith("failed, no loop could be made: PyLoop needs a Java")
    assert done.stdout.endswith("\nFalse\n")


def test_a_jvm_that_does_not_start_is_a_failure() -> None:
    done = information({"PYLOOP_JVM_OPTIONS": "-XX:+NoSuchOption"})
    assert done.returncode == 1
    assert rows_of(done.stdout)["self-check"].startswith("failed, no loop could be made: the Java virtual machine")
    assert "Traceback" not in done.stderr


def test_options_that_cannot_be_read_are_a_failure() -> None:
    done = information({"PYLOOP_JVM_OPTIONS": "'"})
    assert done.returncode == 1
    assert "PYLOOP_JVM_OPTIONS cannot be read: No closing quotation" in done.stdout
    assert "Traceback" not in done.stderr
