"""Signals to the process itself."""

from __future__ import annotations

import ctypes
import mmap
import os
import threading


def kill_from_a_thread(*numbers: int) -> threading.Timer:
    """A started thread that sends signals to the process, which may hand them to any of its threads."""

    def send() -> None:
        for number in numbers:
            os.kill(os.getpid(), number)

    thread = threading.Timer(0.01, send)
    thread.start()
    return thread


class _Stack(ctypes.Structure):
    """What sigaltstack(2) is told."""

    _fields_ = (("start", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


_kept: list[mmap.mmap] = []


def make_room_for_signals() -> None:
    """Give the calling thread a signal stack of a megabyte, for the rest of the process.

    That of faulthandler, which pytest enables, holds five signals at a time where the processor has AVX-512: the sixth
    of those that come together ends the process without a word, whichever loop runs.
    """
    memory = mmap.mmap(-1, 1 << 20)
    _kept.append(memory)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    stack = _Stack(start, 0, len(memory))
    if ctypes.CDLL(None, use_errno=True).sigaltstack(ctypes.byref(stack), None) != 0:
        raise OSError(ctypes.get_errno(), "sigaltstack")
