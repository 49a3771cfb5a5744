"""What this machine is to the build of the native library: its processor, and the memory that is left."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

# What the builder takes at its most, the C compilers that it starts among it.
NEEDED_BYTES = 3_200_000_000


@dataclass(frozen=True)
class Machine:
    """A kind of processor: its name for wheels and compilers, and its number in ELF files."""

    name: str
    elf: int


MACHINES = {machine.name: machine for machine in (Machine("x86_64", 62), Machine("aarch64", 183))}


def this() -> Machine:
    """Returns the machine that this is; the library is built on the machine that it is for.

    Raises:
        SystemExit: it is one for which there is no native library.
    """
    name = platform.machine()
    if platform.system() != "Linux" or name not in MACHINES:
        raise SystemExit(
            f"The native library is built on Linux on {' or '.join(MACHINES)}, and this is {platform.system()} on "
            f"{name}. There the engine runs on a JVM: `make jar` builds it."
        )
    return MACHINES[name]


def check_memory() -> None:
    """Raises SystemExit if so little memory is left that the build would end for want of it."""
    available = min(_available(), _control_group_rest())
    if available < NEEDED_BYTES:
        raise SystemExit(
            f"The native library needs {NEEDED_BYTES / 1e9:.1f} GB of memory to build, and {available / 1e9:.1f} GB "
            "are available. End other programs, or build it on a larger machine."
        )


def _available() -> float:
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return float("inf")


def _control_group_rest() -> float:
    """Returns what a limit on this container leaves, with what the kernel would drop from its caches."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text(encoding="ascii").strip()
        used = int((folder / "memory.current").read_text(encoding="ascii"))
        statistics = dict(line.split() for line in (folder / "memory.stat").read_text(encoding="ascii").splitlines())
    except (OSError, ValueError):
        return float("inf")
    return float("inf") if limit == "max" else int(limit) - used + int(statistics.get("inactive_file", 0))
