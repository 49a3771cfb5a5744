"""Makes what a suite needs under build/upstream: an environment with pinned packages, and the suite's own files."""

from __future__ import annotations

import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pythons
from project import BUILD, ROOT, run
from upstream.subject import Subject

FOLDER = BUILD / "upstream"
PINS = Path(__file__).parent / "subjects"


@dataclass(frozen=True)
class Place:
    """Where the suite of a package lies, and the interpreter that has the package installed."""

    version: str
    python: Path
    suite: Path


def provide(subject: Subject, version: str) -> Place:
    """Returns the place of a suite on a Python version, made if it is not there or not as the pins say.

    Raises:
        SystemExit: there is no such Python, or something could not be downloaded.
    """
    home = FOLDER / f"{subject.name}-{version}"
    pins = PINS / f"{subject.name}.txt"
    place = Place(pinned(pins, subject.name), home / "env" / "bin" / "python", home / "suite")
    stamp = home / "installed.txt"
    wanted = f"{ROOT}\n{pins.read_text(encoding='utf-8')}"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return place
    shutil.rmtree(home, ignore_errors=True)
    run(pythons.find(version), "-m", "venv", home / "env")
    pip = (place.python, "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check")
    run(*pip, "install", "--only-binary", ":all:", "--requirement", pins)
    requirement = f"{subject.name}=={place.version}"
    run(*pip, "download", "--no-deps", "--no-binary", subject.name, "--dest", home, requirement)
    (archive,) = home.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        files.extractall(home, filter="data")
    home.joinpath(archive.name.removesuffix(".tar.gz")).rename(place.suite)
    if subject.shadows:
        shutil.rmtree(place.suite / subject.shadows)
    if not subject.configured:
        # Or else pytest would look for one in the folders above, and find PyLoop's.
        (place.suite / "pytest.ini").touch()
    stamp.write_text(wanted, encoding="utf-8")
    return place


def pinned(pins: Path, name: str) -> str:
    """Returns the version of a package in a file of pins.

    Raises:
        SystemExit: it is not in there.
    """
    for line in pins.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}=="):
            return line.partition("==")[2]
    raise SystemExit(f"{pins} has no version of {name}")
