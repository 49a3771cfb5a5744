"""The project's folders, and how its helpers run commands."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
BENCH = ROOT / "bench"

SOURCES = (ROOT / "python", BENCH)
"""The folders with the packages."""


def run(*command: str | Path) -> None:
    """Runs a command in the project's folder, its output kept for the case that it fails.

    Raises:
        SystemExit: the command failed; the message holds the command and what it printed.
    """
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        line = " ".join(map(str, command))
        raise SystemExit(f"{done.stdout}\n{line}: exit status {done.returncode}")


def fresh(folder: Path) -> Path:
    """Returns an empty folder to fill before it takes the name of ``folder``: one that is there is whole."""
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    return unfinished


def dependency_group(name: str) -> list[str]:
    """Returns the requirements of the dependency group ``name``, included groups in their place.

    ``bench`` has besides what the benchmark asks for, which is imported from its folder.
    """
    content = _project(ROOT)
    group = content["dependency-groups"][name]
    others = _project(BENCH)["project"]["dependencies"] if name == "bench" else []
    requirements: list[str] = [each for each in others if each != content["project"]["name"]]
    for entry in group:
        requirements += [entry] if isinstance(entry, str) else dependency_group(entry["include-group"])
    return requirements


def _project(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
