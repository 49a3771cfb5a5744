"""Tells whether PyLoop can work with this interpreter, before anything native is touched."""

from __future__ import annotations

import platform
import sys
import sysconfig

_OLDEST = (3, 11)
_NEWEST = (3, 14)
_MACHINES = ("x86_64", "aarch64")


def check() -> None:
    """Make sure that the engine knows this interpreter and this system.

    Raises:
        RuntimeError: it does not; the message says what is supported.
    """
    problem = _problem()
    if problem is not None:
        raise RuntimeError(
            f"PyLoop cannot run here: {problem}. "
            f"It supports CPython {_text(_OLDEST)} to {_text(_NEWEST)} with the GIL, in the main interpreter, "
            "on Linux with glibc, on x86-64 and aarch64."
        )


def _problem() -> str | None:
    if sys.implementation.name != "cpython":
        return f"this is {sys.implementation.name}, not CPython"
    version = sys.version_info[:2]
    if not _OLDEST <= version <= _NEWEST:
        return f"this is CPython {_text(version)}"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "this is a free-threaded build of CPython"
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        return f"this is {sys.platform} on {platform.machine()}"
    if "musl" in str(sysconfig.get_config_var("HOST_GNU_TYPE")):
        return "this Python is built for musl"
    if not _is_main_interpreter():
        return "this is a sub-interpreter"
    return None


def _is_main_interpreter() -> bool:
    try:
        from ctypes import PYFUNCTYPE, c_void_p, pythonapi  # noqa: PLC0415 - not to be had in every sub-interpreter
    except ImportError as error:
        return "subinterpreter" not in str(error)
    # Not by the modules for sub-interpreters: after a fork, they miscount who refers to the main one, which a debug
    # build does not survive.
    current, main = (
        PYFUNCTYPE(c_void_p)((name, pythonapi))() for name in ("PyInterpreterState_Get", "PyInterpreterState_Main")
    )
    return bool(current == main)


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
