"""Checks a finished library: that it loads, and that it asks for no more than the oldest system it is made for has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from native_build import elf
from native_build.machine import Machine

# glibc's own libraries, as they were called before most of them became one.
LIBC = frozenset({"libc.so.6", "libpthread.so.0", "libdl.so.2", "libm.so.6", "librt.so.1"})

LOADER = frozenset({"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"})

LOAD = "import ctypes, os, sys; ctypes.CDLL(sys.argv[1], os.RTLD_NOW)"


def requirements(path: Path, machine: Machine, glibc: tuple[int, int]) -> elf.File:
    """Returns what the library asks for.

    Raises:
        SystemExit: it asks for a newer glibc, or for another library, or is for another machine.
    """
    library = elf.File(path)
    if library.machine != machine.elf:
        raise SystemExit(f"{path} is not for {machine.name} (ELF machine {library.machine})")
    if library.glibc > glibc:
        newer = sorted(library.versions)
        raise SystemExit(f"{path} needs a newer glibc than {glibc[0]}.{glibc[1]}: {', '.join(newer)}")
    if foreign := library.needed - LIBC - LOADER:
        raise SystemExit(f"{path} needs libraries beside glibc's: {', '.join(sorted(foreign))}")
    return library


def loads(path: Path) -> None:
    """Loads the library in a process of its own, with all its symbols.

    Raises:
        SystemExit: it does not load; the message names the symbol or library that is missing.
    """
    done = subprocess.run(
        [sys.executable, "-c", LOAD, path.resolve()], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        problem = done.stderr.strip().rpartition("\n")[2] or f"exit status {done.returncode}"
        raise SystemExit(f"{path} does not load: {problem}")
