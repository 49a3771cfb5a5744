"""What the native library takes of memory, and what it does when there is no more."""

from __future__ import annotations

import pytest

from support.programs import lines_of


def test_a_loop_runs_where_the_address_space_is_limited() -> None:
    lines = lines_of(
        """
import resource
gigabytes = 4 << 30
resource.setrlimit(resource.RLIMIT_AS, (gigabytes, gigabytes))
loop = new_event_loop()
loop.call_soon(loop.stop)
loop.run_forever()
say("ran")
"""
    )
    assert lines == ["ran"]


@pytest.mark.parametrize("size", ["8m", "13m", "16m", "24m"])
def test_a_full_heap_is_a_memory_error_and_the_loop_goes_on(size: str) -> None:
    """Python's garbage collector calls the engine too while it is full, and nothing can be raised there."""
    lines = lines_of(
        f"os.environ['PYLOOP_MAX_HEAP'] = {size!r}"
        """
loop = new_event_loop()
try:
    for _ in range(3_000_000):
        loop.call_later(100, print)
except MemoryError as error:
    say(error)
loop.call_soon(loop.stop)
loop.run_forever()
say("ran")
"""
    )
    assert lines == ["PyLoop's Java heap is full; PYLOOP_MAX_HEAP sets its size", "ran"]
