"""The engine moves into a Java virtual machine that somebody else started in the process: JPype here."""

from __future__ import annotations

import json
import sys
from typing import Final

import pytest

from pyloop._start.jvm.java_home import find_java_home
from support.programs import run_loop_program

pytestmark = pytest.mark.skipif(sys.version_info >= (3, 15), reason="JPype has no wheels for CPython 3.15 yet")

_JPYPE: Final = f"""
import jpype
jpype.startJVM({json.dumps(str(find_java_home().libjvm))}, "--enable-native-access=ALL-UNNAMED")
async def main():
    names = jpype.JClass("java.util.ArrayList")()
    names.add(type(asyncio.get_running_loop()).__module__)
    child = await asyncio.create_subprocess_exec("true")
    names.add(str(await child.wait()))
    await asyncio.sleep(0.001)
    return str(names)
"""

_BEFORE: Final = {
    "nothing": "",
    "faulthandler enabled": "import faulthandler; faulthandler.enable()",
    "debug mode": "import os; os.environ['PYTHONASYNCIODEBUG'] = '1'",
}


@pytest.mark.parametrize("before", _BEFORE.values(), ids=_BEFORE.keys())
def test_both_sides_use_one_jvm(before: str) -> None:
    done = run_loop_program(
        f"""{before}
{_JPYPE}
say(pyloop.run(main()))
import faulthandler; faulthandler.enable()
say(pyloop.run(main()))
"""
    )
    assert done.stdout.splitlines() == ["[pyloop._loop, 0]"] * 2, done.stderr
    assert done.returncode == 0, done.stderr


def test_loops_left_open_do_not_outlive_the_jvm() -> None:
    """JPype ends its virtual machine at exit, before the interpreter drops the last objects."""
    done = run_loop_program(
        f"""{_JPYPE}
loop = new_event_loop()
say(loop.run_until_complete(main()))
kept = [loop, loop.call_soon(print), loop.call_later(3600, print), loop.call_soon_threadsafe(print)]
kept.append(kept)
"""
    )
    assert done.stdout.splitlines() == ["[pyloop._loop, 0]"], done.stderr
    assert done.returncode == 0, done.stderr


def test_use_after_the_end_is_an_error() -> None:
    done = run_loop_program(
        f"""
import atexit
@atexit.register
def too_late():
    try:
        loop.call_soon(print)
    except RuntimeError as error:
        say(error)
    loop.close()
    say(loop.is_closed())
{_JPYPE}
loop = new_event_loop()
say(loop.run_until_complete(main()))
"""
    )
    assert done.stdout.splitlines() == [
        "[pyloop._loop, 0]",
        "PyLoop cannot be used any more: its Java virtual machine, which is not its own, ends",
        "True",
    ], done.stderr
    assert done.returncode == 0, done.stderr
