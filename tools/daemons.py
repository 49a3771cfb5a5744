"""Finds the programs of the servers that the tests start, and prints where they are.

``python3 tools/daemons.py redis-server`` prints one path a line; without names, those of all.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

# The programs, each with the Debian package that brings it.
PACKAGES = {"initdb": "postgresql", "postgres": "postgresql", "redis-server": "redis-server", "setpriv": "util-linux"}

# Where distributions put what PATH may not show: PostgreSQL's programs, a folder for each version, and daemons.
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/lib/postgresql/bin", "/usr/sbin", "/usr/local/sbin")


def folders() -> Iterator[str]:
    """Yields the folders to look in, the newest of several versions first."""
    yield from os.get_exec_path()
    for place in PLACES:
        pattern = Path(place)
        anchor = Path(pattern.anchor)
        found = anchor.glob(str(pattern.relative_to(anchor)))
        yield from sorted(map(str, found), key=lambda folder: (len(folder), folder), reverse=True)


def find(*names: str) -> list[Path]:
    """Returns the programs of these names.

    Raises:
        SystemExit: some are missing; the message says what to install.
    """
    path = os.pathsep.join(folders())
    found = {name: shutil.which(name, path=path) for name in names}
    missing = [name for name, program in found.items() if program is None]
    if missing:
        packages = sorted({PACKAGES[name] for name in missing})
        raise SystemExit(
            f"The tests start servers of their own and found no {', '.join(missing)}.\n"
            f"Install {' and '.join(packages)} (on Debian: apt-get install --no-install-recommends"
            f" {' '.join(packages)}); the machine's own services of that kind may stay switched off."
        )
    return [Path(program).absolute() for program in found.values() if program]


def main() -> None:
    """Prints the programs asked for."""
    names = sys.argv[1:] or list(PACKAGES)
    if unknown := [name for name in names if name not in PACKAGES]:
        raise SystemExit(f"unknown: {', '.join(unknown)}; known are {', '.join(PACKAGES)}")
    sys.stdout.write("".join(f"{path}\n" for path in find(*names)))


if __name__ == "__main__":
    main()
