"""Lets the JVM's signal handlers and Python's ``faulthandler`` live in one process.

The JVM uses SIGSEGV and its kin for its own work (null checks, safepoints) and passes on what is not its own to those
handlers that it found when it started. ``faulthandler`` treats every such signal as the end of the process. So it must
come first, and must never come on top again.

``faulthandler`` also gives the thread that enables it a stack for signal handlers, which Python's handlers of all
other signals then use too. It has room for three or four of them at once: with a few more signals pending together they
overwrite the memory below. So the thread gets a larger one.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import functools
import mmap
import signal

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")

_SIGNALS = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)
_SIGACTION_SIZE = 256  # struct sigaction is smaller on every platform
_POINTER_SIZE = ctypes.sizeof(ctypes.c_void_p)
_STDERR = 2
_SS_DISABLE = 2
# All 64 signals at once, with the largest register state that x86-64 and aarch64 save; pages are taken when touched.
_SIGNAL_STACK_SIZE = 1 << 20


class _SignalStack(ctypes.Structure):
    """The C library's ``stack_t``."""

    _fields_ = (("address", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


_libc = ctypes.CDLL(None)
# Until told otherwise, the default of the system.
_before_jvm: dict[int, bytes] = dict.fromkeys(_SIGNALS, bytes(_SIGACTION_SIZE))
_jvm: dict[int, bytes] = {}


def prepare() -> None:
    """Enable ``faulthandler``, before the JVM starts, so that its later ``enable()`` changes no signal handler."""
    if not faulthandler.is_enabled():
        try:
            faulthandler.enable()
        except (AttributeError, RuntimeError, ValueError, OSError):
            # sys.stderr has no descriptor, under some test runners and in windowed programs.
            with contextlib.suppress(RuntimeError, ValueError, OSError):
                faulthandler.enable(_STDERR)
    _enlarge_signal_stack()
    _before_jvm.update(_current())


def remember() -> None:
    """Take note of the JVM's handlers, right after it started, and keep them in place from now on."""
    _jvm.update(_current())
    for name in ("enable", "disable"):
        setattr(faulthandler, name, _then_restore(getattr(faulthandler, name)))


def restore() -> None:
    """Reinstall the JVM's handlers if somebody replaced them."""
    handler = _jvm[signal.SIGSEGV]
    if action(signal.SIGSEGV)[:_POINTER_SIZE] != handler[:_POINTER_SIZE]:
        install(_jvm)


def restore_before_jvm() -> None:
    """Reinstall the handlers from before the JVM; for a forked child, in which the JVM is dead."""
    install(_before_jvm)


def _enlarge_signal_stack() -> None:
    current = _SignalStack()
    _libc.sigaltstack(None, ctypes.byref(current))
    if current.flags & _SS_DISABLE or current.size >= _SIGNAL_STACK_SIZE:
        return
    memory = mmap.mmap(-1, _SIGNAL_STACK_SIZE)
    # Never freed: signals arrive, and find the JVM's handlers, when the interpreter has already cleared this module.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(memory))
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    larger = _SignalStack(address, 0, _SIGNAL_STACK_SIZE)
    _libc.sigaltstack(ctypes.byref(larger), None)


def _then_restore(function: Callable[P, R]) -> Callable[P, R]:
    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        finally:
            restore()

    return wrapper


def _current() -> dict[int, bytes]:
    return {number: action(number) for number in _SIGNALS}


def action(number: int) -> bytes:
    action = ctypes.create_string_buffer(_SIGACTION_SIZE)
    _libc.sigaction(number, None, action)
    return action.raw


def install(actions: dict[int, bytes]) -> None:
    for number, action in actions.items():
        _libc.sigaction(number, action, None)
