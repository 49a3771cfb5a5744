"""What a measurement was made on; as a program, it prints that as JSON for the Python that runs it."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import platform
import resource
import subprocess
from contextlib import suppress
from pathlib import Path

from .loops import MODULES, SUBJECT, available

# Of the modules that are called otherwise than what installs them.
_DISTRIBUTIONS = {SUBJECT: "pyloop-asyncio"}


def describe(loops: list[str]) -> dict[str, str]:
    """Return the machine, its load just now, and the versions of Python and of the `loops`."""
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "python": f"{platform.python_implementation()} {platform.python_version()}, {platform.python_compiler()}",
        "JVM options": os.environ.get("PYLOOP_JVM_OPTIONS", ""),
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
        return importlib.metadata.version(_DISTRIBUTIONS.get(module, module))
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


def _engine() -> str:
    """Return which engine PyLoop runs on here."""
    from pyloop import engine  # noqa: PLC0415 - it may not be there

    try:
        return engine()
    except RuntimeError as error:
        # Every measurement of it will fail and be reported.
        return f"none: {error}"


def main() -> None:
    """Print the description, PyLoop's engine in it."""
    there = available()
    print(json.dumps(describe(there) | ({"engine": _engine()} if SUBJECT in there else {})))


if __name__ == "__main__":
    main()
