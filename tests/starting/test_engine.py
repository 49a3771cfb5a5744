"""Which engine runs, what says so, and what is said where none can."""

from __future__ import annotations

import json
from typing import Final

import pytest

import pyloop
from pyloop._start import choice
from support.programs import lines_of, run_loop_program

_NO_LIBRARY: Final = """
class Finder:
    \"\"\"Has the native library fail to load.\"\"\"
    def find_spec(self, name, path=None, target=None):
        if name == "pyloop._native":
            raise ImportError("no library today")
sys.meta_path.insert(0, Finder())
"""
_NO_JAVA: Final = """
from pyloop._start.jvm import java_home
java_home._SYSTEM_HOMES = ()
os.environ.update(PYLOOP_JAVA_HOME="/nowhere", JAVA_HOME="", PATH="")
"""


def test_the_engine_is_told_before_and_after_its_start_and_by_the_report() -> None:
    lines = lines_of(
        """
say(pyloop.engine())
new_event_loop().close()
say(pyloop.engine())
from pyloop._commands import info
info.main()
"""
    )
    assert lines[:2] == [pyloop.engine()] * 2
    assert [line.split() for line in lines if line.startswith("engine:")] == [["engine:", pyloop.engine()]]


def test_the_engine_that_runs_is_told_whatever_the_environment_says_later() -> None:
    lines = lines_of(
        """
before = pyloop.engine()
new_event_loop().close()
os.environ["PYLOOP_ENGINE"] = "neither"
say(pyloop.engine() == before)
"""
    )
    assert lines == ["True"]


def test_an_engine_that_does_not_exist_is_refused_with_those_that_do() -> None:
    lines = lines_of(
        """
os.environ["PYLOOP_ENGINE"] = "jython"
for use in (pyloop.engine, new_event_loop, pyloop.EventLoopPolicy().new_event_loop, lambda: pyloop.EventLoop):
    try:
        use()
    except RuntimeError as error:
        say(error)
"""
    )
    assert lines == ["PYLOOP_ENGINE is 'jython', but must be 'native' or 'jvm', or not be set"] * 4


def test_without_the_library_the_jvm_is_taken() -> None:
    lines = lines_of(
        f"""{_NO_LIBRARY}
os.environ["PYLOOP_ENGINE"] = ""
say(pyloop.engine())
say(pyloop.run(asyncio.sleep(0, "ran")), pyloop.engine())
"""
    )
    assert lines == ["jvm", "ran jvm"]


def test_the_library_is_taken_where_no_java_is() -> None:
    lines = lines_of(
        f"""{_NO_JAVA}
os.environ["PYLOOP_ENGINE"] = ""
try:
    say(pyloop.run(asyncio.sleep(0, "ran")))
except RuntimeError as error:
    say("needs a Java runtime" in str(error))
""",
        options=["-W", "ignore"],
    )
    assert lines == ["ran" if choice.library_problem() is None else "True"]


def test_without_either_both_reasons_are_told() -> None:
    lines = lines_of(
        f"""{_NO_LIBRARY}{_NO_JAVA}
os.environ["PYLOOP_ENGINE"] = ""
try:
    new_event_loop()
except RuntimeError as error:
    say("no library today" in str(error), "PyLoop needs a Java runtime" in str(error), "/nowhere" in str(error))
"""
    )
    assert lines == ["True True True"]


def test_a_library_that_is_asked_for_and_does_not_load_is_an_error() -> None:
    lines = lines_of(
        f"""{_NO_LIBRARY}
os.environ["PYLOOP_ENGINE"] = "native"
for use in (pyloop.engine, new_event_loop):
    try:
        use()
    except RuntimeError as error:
        say(error)
"""
    )
    assert lines == ["PYLOOP_ENGINE asks for the native library, which cannot be used: no library today"] * 2


def test_a_jvm_that_is_asked_for_is_not_said_to_be_for_want_of_a_library() -> None:
    lines = lines_of(
        f"""{_NO_JAVA}
os.environ["PYLOOP_ENGINE"] = "jvm"
try:
    new_event_loop()
except RuntimeError as error:
    say("PyLoop needs a Java runtime" in str(error), "library" in str(error))
"""
    )
    assert lines == ["True False"]


@pytest.mark.parametrize("size", ["9437184", "9216k", "9216K", "9m", "1g", ""])
def test_the_heap_has_the_size_that_the_environment_says(size: str) -> None:
    lines = lines_of(f"os.environ['PYLOOP_MAX_HEAP'] = {size!r}\nsay(pyloop.run(asyncio.sleep(0, 'ran')))")
    assert lines == ["ran"]


@pytest.mark.parametrize("size", ["0", "m", "1m", "-9m", "9.5m", "9 m", "9mb", "much", "\N{SUPERSCRIPT TWO}00m"])
def test_a_heap_of_no_size_is_refused(size: str) -> None:
    done = run_loop_program(
        """
for use in (new_event_loop, pyloop.EventLoopPolicy().new_event_loop, lambda: pyloop.EventLoop):
    try:
        use()
    except ValueError as error:
        say(error)
os.environ["PYLOOP_MAX_HEAP"] = "9m"
say(pyloop.run(asyncio.sleep(0, "ran")))
""",
        env={"PYLOOP_MAX_HEAP": size},
    )
    *refusals, last = done.stdout.splitlines()
    assert len(refusals) == 3
    assert all(f"PYLOOP_MAX_HEAP is {size!r}" in refusal for refusal in refusals)
    assert (last, done.stderr) == ("ran", "")


_IMPORTED: Final = """
before = set(sys.modules)
pyloop.run(asyncio.sleep(0))
import json
say(json.dumps(sorted(name for name in set(sys.modules) - before - {"json"} if name.startswith("pyloop._start.jvm"))))
"""


def test_only_its_own_engine_loads_what_only_a_jvm_needs() -> None:
    (line,) = lines_of(_IMPORTED)
    assert bool(json.loads(line)) == (pyloop.engine() == "jvm")


def test_a_start_that_is_interrupted_when_it_is_over_can_be_made_again() -> None:
    """By Ctrl-C, for example: the signal waits while the engine starts, and is heeded right after that."""
    lines = lines_of(
        """
from pyloop._start import choice
choose, interruptions = choice._choose, [KeyboardInterrupt, MemoryError]
class Interrupted:
    def __init__(self, runtime):
        self.runtime = runtime
    def __getattr__(self, name):
        return getattr(self.runtime, name)
    def start(self, engine, max_heap):
        self.runtime.start(engine, max_heap)
        if interruptions:
            raise interruptions.pop()
def choose_interrupted():
    runtime, missing = choose()
    return Interrupted(runtime), missing
choice._choose = choose_interrupted
for _ in range(3):
    try:
        say(pyloop.run(asyncio.sleep(0.001, "ran")))
    except BaseException as error:
        say(type(error).__name__)
async def main():
    server = await asyncio.start_server(lambda reader, writer: (writer.write(b"x"), writer.close()), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    say(await reader.read())
    writer.close()
    server.close()
pyloop.run(main())
""",
        options=["-W", "ignore"],
    )
    assert lines == ["MemoryError", "KeyboardInterrupt", "ran", "b'x'"]
