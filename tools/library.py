"""The native library in the package, and the name that wheels have for what it runs on."""

from __future__ import annotations

from native_build import elf, machine
from project import ROOT

LIBRARY = ROOT / "python" / "pyloop" / "_native.abi3.so"


def wheel_platform() -> str:
    """Returns the platform of a wheel with the library: its machine, and the oldest glibc that has all its symbols.

    Raises:
        ValueError: the library is for a machine that PyLoop does not know.
    """
    library = elf.File(LIBRARY)
    names = {known.elf: known.name for known in machine.MACHINES.values()}
    if library.machine not in names:
        raise ValueError(f"{LIBRARY} is for a machine that PyLoop does not know (ELF machine {library.machine})")
    major, minor = library.glibc
    return f"manylinux_{major}_{minor}_{names[library.machine]}"
