"""What tools outside Python see of a process in which the native library runs."""

from __future__ import annotations

import platform

import pytest

from support.programs import lines_of

BACKTRACE = """
import ctypes, socket

class Protocol(asyncio.Protocol):
    def data_received(self, data):
        frames = (ctypes.c_void_p * 200)()
        count = libc.backtrace(frames, len(frames))
        libc.backtrace_symbols_fd(frames, count, sys.stdout.fileno())
        loop.stop()

libc = ctypes.CDLL(None)
loop = new_event_loop()
ours, peer = socket.socketpair()
transport, _ = loop.run_until_complete(loop.create_connection(Protocol, sock=ours))
peer.send(b"data")
loop.run_forever()
transport.abort()
loop.call_soon(loop.stop)
loop.run_forever()
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="written for x86-64 only (tools/native_build/unwinding.py)")
def test_the_c_library_sees_through_javas_frames_to_those_of_the_program() -> None:
    lines = lines_of(BACKTRACE)
    ours = [number for number, line in enumerate(lines) if "_native.abi3.so" in line]
    assert len(ours) > 2
    assert len(lines) - ours[-1] > 5, "nothing of the interpreter's main program"
