"""Tells whether PyLoop can work with this interpreter, before anything native is touched.

The start of the engine finds out whether this is the main interpreter.
"""

from __future__ import annotations

import os
import sys

_OLDEST = (3, 11)
_NEWEST = (3, 15)
_MACHINES = ("x86_64", "aarch64")

SUB_INTERPRETER = "this is a sub-interpreter"


def check() -> None:
    """Make sure that the engine knows this interpreter and this system.

    Raises:
        RuntimeError: it does not; the message says what is supported.
    """
    problem = _problem()
    if problem is not None:
        raise unsupported(problem)


def unsupported(problem: str) -> RuntimeError:
    """Return the error for a place where PyLoop cannot work, with what is supported."""
    return RuntimeError(
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
    # The modules platform and sysconfig know all this too, but to import them takes longer than the whole check.
    if sys.platform != "linux":
        return f"this is {sys.platform}"
    if "t" in sys.abiflags:
        return "this is a free-threaded build of CPython"
    machine = os.uname().machine
    if machine not in _MACHINES:
        return f"this is {sys.platform} on {machine}"
    if not _has_glibc():
        return "the C library is not glibc"
    return None


def _has_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (ValueError, OSError):
        return False


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
