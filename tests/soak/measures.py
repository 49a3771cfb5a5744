"""What of the process may grow."""

from __future__ import annotations

import gc
import os
import sys
import threading
from dataclasses import dataclass, fields
from pathlib import Path

_KIB = 1 << 10


@dataclass(frozen=True)
class Sample:
    """How much there is of each; taken when no job runs and garbage is collected."""

    resident_kib: int
    """Memory of the process that is in memory, in KiB."""
    descriptors: int
    threads: int
    """Of the system's."""
    python_threads: int
    objects: int
    """That Python's garbage collector knows."""
    blocks: int
    """Of Python's allocator."""

    @classmethod
    def names(cls) -> list[str]:
        """The names of what is counted."""
        return [each.name for each in fields(cls)]


def sample() -> Sample:
    """Count now."""
    # What a finalizer lets go of is found by the next collection.
    for _ in range(3):
        gc.collect()
    return Sample(
        resident_kib=int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _page() // _KIB,
        descriptors=len(os.listdir("/proc/self/fd")),  # noqa: PTH208 -- the listing's own is always one of them
        threads=len(list(Path("/proc/self/task").iterdir())),
        python_threads=threading.active_count(),
        objects=len(gc.get_objects()),
        blocks=sys.getallocatedblocks(),
    )


def _page() -> int:
    return os.sysconf("SC_PAGE_SIZE")
