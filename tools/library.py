"""What the native library's file says of itself: the machine and the C library that it is for."""

from __future__ import annotations

import re
from pathlib import Path

from project import ROOT

LIBRARY = ROOT / "python" / "pyloop" / "_native.abi3.so"

# Where an ELF file keeps the number of its machine, and the names that wheels have for those.
MACHINE_OFFSET = 18
MACHINES = {62: "x86_64", 183: "aarch64"}

GLIBC_VERSION = re.compile(rb"\0GLIBC_(\d+)\.(\d+)(?:\.\d+)?(?=\0)")

# The oldest glibc that this kind of wheel's tag exists for.
OLDEST_GLIBC = (2, 5)


def wheel_platform(library: Path) -> str:
    """Returns the platform of a wheel with a library: the oldest glibc that has all the symbols it asks for.

    Raises:
        ValueError: the library is for a machine that PyLoop does not know, or not for glibc.
    """
    content = library.read_bytes()
    number = int.from_bytes(content[MACHINE_OFFSET : MACHINE_OFFSET + 2], "little")
    if number not in MACHINES:
        raise ValueError(f"{library} is for a machine that PyLoop does not know (ELF machine {number})")
    versions = [(int(major), int(minor)) for major, minor in GLIBC_VERSION.findall(content)]
    if not versions:
        raise ValueError(f"{library} asks for no glibc")
    major, minor = max(OLDEST_GLIBC, *versions)
    return f"manylinux_{major}_{minor}_{MACHINES[number]}"
