"""Looks whether a process has what a JVM needs, before one is started: a JVM that lacks something ends the process.

What it takes was found by trying; a JVM that gets somewhat less may start as well.
"""

from __future__ import annotations

import _thread
import ctypes
import os
import resource
from pathlib import Path

from . import cgroups

_KIB = 1 << 10
_MIB = 1 << 20

_LEAST_STACK = 256 * _KIB
# For the heap, and beside it for classes (1 GiB is reserved), machine code, libraries and threads.
_ADDRESS_SPACE = 2560 * _MIB
_DATA = 160 * _MIB
_RESIDENT = 48 * _MIB
_THREADS = 16
_PIPES = 3  # two descriptors each

_ATTRIBUTES_SIZE = 64  # of pthread_attr_t


def check(max_heap: int) -> None:
    """Make sure that a JVM can start.

    Args:
        max_heap: the size of its heap in bytes.

    Raises:
        RuntimeError: it could not; the message says what is missing.
        OSError: descriptors are exhausted.
    """
    _open_descriptors()
    problem = _problem(max_heap)
    if problem:
        raise RuntimeError(
            f"PyLoop starts no Java virtual machine here, for {problem}, and one that lacks it ends the process. "
            "The native engine needs much less"
        )


def _problem(max_heap: int) -> str:
    stack = _stack_size()
    if stack is not None and stack < _LEAST_STACK:
        return f"it needs {_LEAST_STACK // _KIB} KiB of stack in the thread that makes the first loop"
    for limit, needed, used, name, command in (
        (resource.RLIMIT_AS, max_heap + _ADDRESS_SPACE, 0, "address space", "ulimit -v"),
        (resource.RLIMIT_DATA, _DATA, 5, "memory", "ulimit -d"),
    ):
        soft, _ = resource.getrlimit(limit)
        if soft != resource.RLIM_INFINITY and soft - _pages(used) * resource.getpagesize() < needed:
            return f"it needs {needed // _MIB} MiB of {name} beside what is used, and {command} leaves less"
    left = cgroups.room()
    if left is not None and left < _RESIDENT:
        return f"it needs {_RESIDENT // _MIB} MiB of memory beside what is used, and a control group leaves less"
    if not _can_start_threads():
        return f"it needs {_THREADS} threads, and this process may not start so many"
    return ""


def _open_descriptors() -> None:
    """Open as many descriptors as a JVM that starts, and close them."""
    opened: list[int] = []
    try:
        for _ in range(_PIPES):
            opened += os.pipe()
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _stack_size() -> int | None:
    """Return the size of this thread's stack; None where nobody tells."""
    library = ctypes.CDLL(None)
    attributes = ctypes.create_string_buffer(_ATTRIBUTES_SIZE)
    library.pthread_self.restype = ctypes.c_void_p
    if library.pthread_getattr_np(ctypes.c_void_p(library.pthread_self()), attributes):
        return None
    size = ctypes.c_size_t()
    library.pthread_attr_getstacksize(attributes, ctypes.byref(size))
    library.pthread_attr_destroy(attributes)
    return size.value


def _pages(field: int) -> int:
    """Return a number of /proc/self/statm: the address space in pages, or the data in pages."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[field])
    except OSError:
        return 0


def _can_start_threads() -> bool:
    """Tell whether as many threads as a JVM has can run at once."""
    ends = _thread.allocate_lock()
    ended = [_thread.allocate_lock() for _ in range(_THREADS)]

    def run(own: _thread.LockType) -> None:
        with ends:
            pass
        own.release()

    started: list[_thread.LockType] = []
    with ends:
        for lock in ended:
            lock.acquire()
            try:
                _thread.start_new_thread(run, (lock,))
            except RuntimeError:
                break
            started.append(lock)
    for lock in started:
        lock.acquire()
    return len(started) == _THREADS
