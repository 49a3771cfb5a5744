"""Where PyLoop cannot work it says so, and why, instead of crashing."""

from __future__ import annotations

import errno
import os
import sys
import types
from typing import Any, NoReturn

import pytest

import pyloop
from pyloop._start import support
from support.outcomes import outcome_of
from support.programs import lines_of, run_loop_program


def _machine(name: str) -> Any:
    return lambda: types.SimpleNamespace(machine=name)


def _not_known(name: str) -> NoReturn:
    raise OSError(errno.EINVAL, name)


_UNSUPPORTED = {
    "PyPy": (sys, "implementation", types.SimpleNamespace(name="pypy"), "pypy"),
    "too old": (sys, "version_info", (3, 10, 14, "final", 0), "CPython 3.10"),
    "too new": (sys, "version_info", (3, 16, 0, "alpha", 1), "CPython 3.16"),
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
        outcome = outcome_of(support.check)
    assert outcome.raised == "RuntimeError"
    assert reason in outcome.text
    assert "supports CPython 3.11 to 3.15" in outcome.text


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 9), (3, 13, 0), (3, 14, 99), (3, 15, 2)], ids=str)
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_a_supported_platform_is_accepted(
    version: tuple[int, ...], machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version_info", version)
        patch.setattr(os, "uname", _machine(machine))
        support.check()


@pytest.mark.parametrize(
    ("disguise", "reason"),
    [
        ('os.uname = lambda: types.SimpleNamespace(machine="armv7l")', "armv7l"),
        ('sys.abiflags = "t"', "free-threaded build"),
    ],
    ids=["32-bit arm", "free-threaded"],
)
def test_a_refusal_comes_from_making_a_loop_and_not_from_the_import(disguise: str, reason: str) -> None:
    lines = lines_of(
        f"""
import types
{disguise}
pyloop.install()
async def main(): pass
for make in (pyloop.new_event_loop, asyncio.new_event_loop, lambda: pyloop.EventLoop):
    try:
        make()
    except RuntimeError as error:
        say({reason!r} in str(error))
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
