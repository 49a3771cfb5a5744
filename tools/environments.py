"""Makes the Python environments of the build under build/envs, and runs commands in them.

``python3 tools/environments.py develop 3.14 ruff check`` runs a command where one dependency group of pyproject.toml
is installed, on one Python. An environment that is up to date is left alone, so that asking again costs nothing.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pythons
from project import BUILD, ROOT, SOURCES, dependency_group, run

CONSTRAINTS = ROOT / "tools" / "constraints.txt"


def provide(group: str, version: str) -> Path:
    """Returns the interpreter of the environment for a dependency group on a Python version, making it if need be.

    It imports the packages from their source folders, whatever the environment variables of the process are.

    Raises:
        SystemExit: there is no such Python, or the packages could not be installed.
    """
    folder = BUILD / "envs" / f"{group}-{version}"
    interpreter = folder / "bin" / "python"
    stamp = folder / "installed.txt"
    requirements = dependency_group(group)
    wanted = "\n".join([*requirements, *map(str, SOURCES), CONSTRAINTS.read_text(encoding="utf-8")])
    installed = stamp.read_text(encoding="utf-8") if stamp.exists() else ""
    if installed == wanted and pythons.probe(interpreter, version).executable:
        return interpreter

    shutil.rmtree(folder, ignore_errors=True)
    run(pythons.find(version), "-m", "venv", folder)
    run(
        interpreter,
        *("-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"),
        *("--only-binary", ":all:", "--constraint", CONSTRAINTS),
        *requirements,
    )
    packages = folder / "lib" / f"python{version.removesuffix(pythons.DEBUG)}" / "site-packages"
    (packages / "pyloop-source.pth").write_text("".join(f"{each}\n" for each in SOURCES), encoding="utf-8")
    stamp.write_text(wanted, encoding="utf-8")
    return interpreter


def main() -> None:
    """Becomes the command, with the environment's programs first on PATH."""
    if len(sys.argv) < 4:
        raise SystemExit("usage: environments.py GROUP VERSION COMMAND...")
    group, version, *command = sys.argv[1:]
    programs = provide(group, version).parent
    os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
