"""What the process holds open, for tests that nothing is leaked."""

from __future__ import annotations

import contextlib
import os
import resource
from collections import Counter
from collections.abc import Iterator
from pathlib import Path


def open_descriptors() -> Counter[str]:
    """The targets of this process's open descriptors, and how many refer to each. Numbers inside names are dropped."""
    targets: Counter[str] = Counter()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
        except FileNotFoundError:
            continue  # the descriptor that listed the directory
        targets[target.partition(":[")[0] if ":[" in target else target] += 1
    return targets


def maps_jvm(pid: int | None = None) -> bool:
    """Whether a Java virtual machine is mapped into the process (this one by default)."""
    return "libjvm.so" in Path(f"/proc/{pid or 'self'}/maps").read_text()


@contextlib.contextmanager
def exhausted_descriptors() -> Iterator[None]:
    """Nothing can be opened in the block: the limit is what is open already."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.open("/dev/null", os.O_RDONLY)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
