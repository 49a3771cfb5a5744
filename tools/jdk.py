"""Finds a JDK that can build and run PyLoop, and prints its folder: ``python3 tools/jdk.py``."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

MINIMUM = 25

# Where distributions, SDKMAN, IDEs and hand-made installations put JDKs.
PLACES = ("/usr/lib/jvm/*", "/usr/java/*", "/opt/java/*", "/opt/jdk*", "~/.sdkman/candidates/java/*", "~/.jdks/*")


def candidates() -> Iterator[tuple[str, Path]]:
    """Yields (where it was found, folder) in order of preference; a folder need not be a JDK, or exist."""
    for variable in ("PYLOOP_JAVA_HOME", "JAVA_HOME"):
        if value := os.environ.get(variable):
            yield variable, Path(value)
    if javac := shutil.which("javac"):
        yield "javac on PATH", Path(javac).resolve().parent.parent
    for place in PLACES:
        pattern = Path(place).expanduser()
        for home in sorted(pattern.parent.glob(pattern.name)):
            yield place, home


def feature_version(home: Path) -> int | None:
    """Returns the Java version of the JDK at ``home`` (25 for 25.0.1), or None if there is no JDK."""
    if not (home / "bin" / "javac").exists():
        return None
    try:
        release = (home / "release").read_text(encoding="utf-8")
    except OSError:
        return None
    version = re.search(r'^JAVA_VERSION="(\d+)', release, re.MULTILINE)
    return int(version[1]) if version else None


def find() -> Path:
    """Returns the folder of the first JDK that is new enough.

    Raises:
        SystemExit: there is none; the message says what was looked at and what to do.
    """
    seen = []
    for origin, home in candidates():
        version = feature_version(home)
        if version is not None and version >= MINIMUM:
            return home
        seen.append(f"  {home} ({origin}): {'no JDK' if version is None else f'JDK {version}'}")
    raise SystemExit(
        f"PyLoop needs a JDK {MINIMUM} or newer and found none. Looked at:\n"
        + "\n".join(seen or ["  nothing: no JAVA_HOME, no javac on PATH"])
        + f"\nand in {', '.join(PLACES)}.\n"
        f"Install one (on Debian or Ubuntu: openjdk-{MINIMUM}-jdk-headless, or Temurin) or set JAVA_HOME to it."
    )


if __name__ == "__main__":
    sys.stdout.write(f"{find()}\n")
