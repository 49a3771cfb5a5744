"""What Python objects take, and the process."""

from __future__ import annotations

import gc
import os
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def traced() -> Iterator[Callable[[], int]]:
    """Trace allocations in the block; the function given tells how many bytes are left of them, garbage collected."""

    def left() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        yield left
    finally:
        tracemalloc.stop()


def resident() -> int:
    """How many bytes of this process are in memory."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
