"""The library that stands before the C library's system calls, and what steers it."""

from __future__ import annotations

import ctypes
import errno
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("shim.c")

_STEERING: Final = ("begin", "plan", "storm", "end", "count", "bad_closes", "disturbed")


def calls() -> list[str]:
    """The names of the system calls that can be made to fail."""
    found = re.search(r"#define CALLS\(X\)(.*?[^\\])\n", SOURCE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return re.findall(r"X\((\w+)\)", found[1])


def build(folder: Path) -> Path:
    """Compile the library into `folder`, by the compiler that makes the native library."""
    from native_build import compiler, downloads, machine  # noqa: PLC0415 -- only where it is built

    with tempfile.TemporaryDirectory(dir=folder) as objects:
        zig = compiler.provide(downloads.zig(), machine.this(), Path(objects))
        # The real functions are looked for by name; "pidfd_open" has none, and "syscall" is not counted as such.
        exports = [*(name for name in calls() if name != "pidfd_open"), "syscall"]
        library = folder / "libfaults.so"
        zig.link(zig.compile([SOURCE], []), [*exports, *(f"faults_{name}" for name in _STEERING)], library)
    return library


class Shim:
    """Steers the library, which must have been loaded by LD_PRELOAD."""

    def __init__(self) -> None:
        """Find the library.

        Raises:
            AttributeError: it is not loaded.
        """
        self._library = ctypes.CDLL(None)
        self._library.faults_plan.argtypes = [ctypes.c_char_p, ctypes.c_long, ctypes.c_int]
        self._library.faults_begin.restype = None
        self._library.faults_storm.argtypes = [ctypes.c_int, ctypes.c_uint64]
        self._library.faults_storm.restype = None
        self._library.faults_count.restype = ctypes.c_long
        self._library.faults_bad_closes.restype = ctypes.c_long
        self._library.faults_disturbed.restype = ctypes.c_long
        self.fired = False
        self.counts: dict[str, int] = {}
        self.bad_closes = 0
        self.disturbed = 0

    @contextmanager
    def watching(
        self, call: str = "", nth: int = 0, error: int = 0, *, storm: int = 0, seed: int = 0
    ) -> Iterator[None]:
        """Count the calls of the block; let the `nth` of `call` fail, or disturb `storm` of a hundred."""
        self._library.faults_begin()
        if call and self._library.faults_plan(call.encode(), nth, error):
            raise ValueError(call)
        if storm:
            self._library.faults_storm(storm, seed)
        try:
            yield
        finally:
            self.fired = bool(self._library.faults_end())
            self.counts = {name: self._library.faults_count(name.encode()) for name in calls()}
            self.bad_closes = self._library.faults_bad_closes()
            self.disturbed = self._library.faults_disturbed()


def errno_name(number: int) -> str:
    """`EAGAIN` and the like; what 0 stands for is a transfer that comes short."""
    return errno.errorcode[number] if number else "short"
