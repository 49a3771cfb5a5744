"""What the native library takes of the address space."""

from __future__ import annotations

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
