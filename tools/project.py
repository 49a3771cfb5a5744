"""The project's folders, and how its helpers run commands."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"


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


def dependency_group(name: str) -> list[str]:
    """Returns the requirements of a dependency group or an extra of pyproject.toml, included groups in their place."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = {**content["project"]["optional-dependencies"], **content["dependency-groups"]}
    requirements: list[str] = []
    for entry in groups[name]:
        requirements += [entry] if isinstance(entry, str) else dependency_group(entry["include-group"])
    return requirements
