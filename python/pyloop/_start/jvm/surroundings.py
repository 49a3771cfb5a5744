"""Puts back what a JVM changes in its process as it starts, and does not need.

It writes to no pipe and no file for PyLoop, so it has no use for handlers of SIGPIPE and SIGXFSZ; it sets the locale to
that of the environment to look at it once; it lets core dumps grow; and the files that it keeps open would be inherited
by every program that takes the place of this one.
"""

from __future__ import annotations

import contextlib
import ctypes
import locale
import os
import signal
from pathlib import Path

from . import fault_handlers, files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_NOT_NEEDED = (signal.SIGPIPE, signal.SIGXFSZ)
_CORE_DUMPS = Path("/proc/self/coredump_filter")
_DESCRIPTORS = Path("/proc/self/fd")

_set_locale = ctypes.CDLL(None).setlocale
_set_locale.argtypes = (ctypes.c_int, ctypes.c_char_p)
_set_locale.restype = ctypes.c_char_p


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Leave the process as it was before the block, but for what a JVM needs. The GIL must be held throughout."""
    actions: dict[int, bytes] = {number: fault_handlers.action(number) for number in _NOT_NEEDED}
    categories: bytes | None = _set_locale(locale.LC_ALL, None)
    dumped = _core_dumps()
    descriptors = _descriptors()
    try:
        yield
    finally:
        fault_handlers.install(actions)
        _set_locale(locale.LC_ALL, categories)
        with contextlib.suppress(OSError):
            if dumped != _core_dumps():
                _CORE_DUMPS.write_text(f"0x{dumped}", encoding="utf-8")
        opened = _descriptors() - descriptors
        for descriptor in opened:
            os.set_inheritable(descriptor, False)
        files.remember(opened)


def _core_dumps() -> str:
    """Return what core dumps hold, in hexadecimal; nothing where the kernel makes none or there is no /proc."""
    try:
        return _CORE_DUMPS.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _descriptors() -> set[int]:
    """Return the open descriptors; none where there is no /proc."""
    try:
        return {int(entry.name) for entry in _DESCRIPTORS.iterdir() if _is_open(int(entry.name))}
    except OSError:
        return set()


def _is_open(descriptor: int) -> bool:
    """Tell whether a descriptor is open; the one that listed it is not any more."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
