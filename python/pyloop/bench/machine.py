"""What a measurement was made on.

As a program, ``machine.py SECONDS``, it prints that as JSON for the Python that runs it; it may wait so long for the
AOT cache of PyLoop.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import platform
import resource
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from .loops import MODULES, SUBJECT, available


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
        # A source tree on the path has no metadata; what cannot be imported fails when it is measured.
        with suppress(ImportError):
            return str(importlib.import_module(module).__version__)
        return "not known"


def commit() -> str:
    """Return the commit of the source tree this is run from, and whether it has been changed; nothing if it is none."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def cache_state(patience: float) -> str:
    """Return the state of PyLoop's AOT cache; one that is to be made is first waited for, so many seconds at the most.

    Else it would be made beside what is measured first, which would be measured without it.
    """
    from pyloop import _runtime, new_event_loop  # noqa: PLC0415 - it may not be there

    new_event_loop().close()
    end = time.monotonic() + patience
    if patience and _runtime.cache_state()[0] == "being made":
        sys.stderr.write("waiting for PyLoop's AOT cache\n")
    while (state := _runtime.cache_state()[0]) == "being made" and time.monotonic() < end:
        time.sleep(0.2)
    return state


def main(patience: float) -> None:
    """Print the description, the state of the cache in it if PyLoop can tell."""
    there = available()
    description = describe(there)
    if SUBJECT in there:
        try:
            description["AOT cache"] = cache_state(patience)
        except (ImportError, OSError, RuntimeError) as error:
            # Every measurement of it will fail and be reported.
            description["AOT cache"] = f"not known: {error}"
    print(json.dumps(description))


if __name__ == "__main__":
    main(float(sys.argv[1]))
