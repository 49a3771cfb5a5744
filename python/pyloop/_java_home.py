"""Finds a Java runtime that can carry the engine."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUIRED_JAVA = 25

_LIBJVM = Path("lib", "server", "libjvm.so")
_VERSION = re.compile(r'^JAVA_VERSION="(?:1\.)?(\d+)', re.MULTILINE)
_SYSTEM_HOMES = ("/usr/lib/jvm", "/usr/java", "/opt/java")


class JavaHome(NamedTuple):
    """A Java runtime: its folder and how it was found."""

    path: Path
    source: str

    @property
    def libjvm(self) -> Path:
        """The shared library that holds the virtual machine."""
        return self.path / _LIBJVM


def find_java_home() -> JavaHome:
    """Return the first Java runtime that is new enough.

    The search goes through ``PYLOOP_JAVA_HOME``, ``JAVA_HOME``, the ``java`` command on ``PATH`` and the places where
    Linux distributions install Java.

    Raises:
        RuntimeError: there is none; the message lists what was looked at.
    """
    rejected = []
    for home in _candidates():
        problem = _problem(home)
        if problem is None:
            return home
        rejected.append(f"  {home.source}: {home.path}: {problem}")
    looked_at = "\n".join(rejected) or "  nothing was found"
    raise RuntimeError(
        f"PyLoop needs a Java runtime, version {REQUIRED_JAVA} or newer. Looked at:\n{looked_at}\n"
        f"Install one (your system may have a package for JDK {REQUIRED_JAVA}) or set PYLOOP_JAVA_HOME to its folder."
    )


def _candidates() -> Iterator[JavaHome]:
    for variable in ("PYLOOP_JAVA_HOME", "JAVA_HOME"):
        value = os.environ.get(variable)
        if value:
            yield JavaHome(Path(value), variable)
    command = shutil.which("java")
    if command:
        yield JavaHome(Path(command).resolve().parent.parent, "java on PATH")
    for folder in _SYSTEM_HOMES:
        for path in sorted(Path(folder).glob("*"), reverse=True):
            if (path / "release").is_file():
                yield JavaHome(path, folder)


def _problem(home: JavaHome) -> str | None:
    if not home.libjvm.is_file():
        return f"has no {_LIBJVM}"
    try:
        release = (home.path / "release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "has no readable file 'release', which tells its version"
    version = _VERSION.search(release)
    if version is None:
        return "its file 'release' tells no version"
    if int(version[1]) < REQUIRED_JAVA:
        return f"is Java {version[1]}"
    return None
