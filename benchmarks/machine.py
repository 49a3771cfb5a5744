"""What a measurement was made on."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import resource
from pathlib import Path

from loops import MODULES


def describe(loops: list[str]) -> dict[str, str]:
    """Return the machine, its load just now, and the versions of Python and of the `loops`."""
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "python": f"{platform.python_implementation()} {platform.python_version()}, {platform.python_compiler()}",
        "JVM options": os.environ.get("PYLOOP_JVM_OPTIONS") or "default",
    } | {name: _version(name) for name in loops}


def raise_file_limit() -> None:
    """Let this process, and those it starts, open as many files as it may."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(loop: str) -> str:
    module = MODULES[loop]
    if module == "asyncio":
        return platform.python_version()
    try:
        return importlib.metadata.version(module)
    except importlib.metadata.PackageNotFoundError:
        # A source tree on the path has no metadata.
        return str(importlib.import_module(module).__version__)
