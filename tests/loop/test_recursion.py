"""Endless recursion is an error, as it is without PyLoop, and does not end the process."""

from __future__ import annotations

import pytest

from support.programs import run_loop_program

_RECURSIONS = {
    "Python": "def recur(): recur()",
    "attributes": """
class Endless:
    def __getattr__(self, name): return getattr(self, name + "x")
def recur(): return Endless().attribute
""",
    "repr": """
class Endless:
    def __repr__(self): return f"{self!r}"
def recur(): repr(Endless())
""",
    "a C function": "def recur(): return list(map(lambda _: recur(), [0]))",
    "a nested list": """
nested = []
for _ in range(100_000):
    nested = [nested]
def recur(): repr(nested)
""",
}

_IN_THREADS = """
def attempt(where):
    try:
        recur()
    except RecursionError:
        say("RecursionError", where)

async def main():
    attempt("in a task")
    await asyncio.to_thread(attempt, "in a thread")

attempt("before the loop")
loop = new_event_loop()
attempt("beside the loop")
loop.call_soon(attempt, "in a callback")
loop.run_until_complete(main())
loop.close()
attempt("after the loop")
"""


@pytest.mark.parametrize("recursion", _RECURSIONS.values(), ids=_RECURSIONS.keys())
def test_endless_recursion_is_an_error(loop_name: str, recursion: str) -> None:
    done = run_loop_program(recursion + _IN_THREADS, loop=loop_name)
    assert done.returncode == 0, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    assert done.stdout.splitlines() == [
        f"RecursionError {where}"
        for where in (
            "before the loop",
            "beside the loop",
            "in a callback",
            "in a task",
            "in a thread",
            "after the loop",
        )
    ]


def test_scheduling_in_endless_recursion_is_an_error_too(loop_name: str) -> None:
    done = run_loop_program(
        """
loop = new_event_loop()
def recur():
    loop.call_soon(print)
    return list(map(lambda _: recur(), [0]))
try:
    recur()
except (RecursionError, SystemError):
    say("an error")
loop.close()
""",
        loop=loop_name,
    )
    assert done.returncode == 0, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    assert done.stdout.splitlines() == ["an error"]
