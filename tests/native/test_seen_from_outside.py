"""What tools outside Python see of a process in which the native library runs."""

from __future__ import annotations

import platform

import pytest

from support.programs import lines_of

# The engine adds the delay to its clock, and so calls back.
BACKTRACE = """
import ctypes

class Delay:
    def __radd__(self, now):
        frames = (ctypes.c_void_p * 200)()
        count = libc.backtrace(frames, len(frames))
        libc.backtrace_symbols_fd(frames, count, sys.stdout.fileno())
        return now

libc = ctypes.CDLL(None)
new_event_loop().call_later(Delay(), print)
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="written for x86-64 only (tools/native_build/unwinding.py)")
def test_the_c_library_sees_through_javas_frames_to_those_of_the_program() -> None:
    lines = lines_of(BACKTRACE)
    ours = [number for number, line in enumerate(lines) if "_native.abi3.so" in line]
    assert len(ours) > 2
    assert len(lines) - ours[-1] > 5, "nothing of the interpreter's main program"
