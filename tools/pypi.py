"""Programs that are packages of PyPI, of the versions in tools/constraints.txt, each in an environment of its own."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from project import ROOT, fresh, run

CONSTRAINTS = ROOT / "tools" / "constraints.txt"


def pinned_version(package: str) -> str:
    """Returns the version of a package that tools/constraints.txt pins.

    Raises:
        SystemExit: it pins none.
    """
    found = re.search(rf"^{re.escape(package)}==(.+)$", CONSTRAINTS.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise SystemExit(f"{CONSTRAINTS} pins no {package}")
    return found[1]


def provide(package: str, parent: Path) -> Path:
    """Returns the environment in which a package is installed, making it in the folder ``parent`` if need be.

    Raises:
        SystemExit: no version is pinned, or it could not be installed.
    """
    version = pinned_version(package)
    folder = parent / f"{package}-{version}"
    if not folder.is_dir():
        unfinished = fresh(folder)
        run(sys.executable, "-m", "venv", unfinished)
        run(
            *(unfinished / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--no-input", "--only-binary", ":all:", f"{package}=={version}"),
        )
        unfinished.rename(folder)
    return folder
