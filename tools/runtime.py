"""Links the Java runtime that goes into a wheel: ``python3 tools/runtime.py FOLDER``.

It is a standard image of ``java.base``, which is all that the engine needs, without the commands of a JDK. Its classes
are not compressed: the wheel compresses them better, and classes that need not be unpacked load faster. Its libraries
keep their symbols, so that a crash report names functions.

``--jdk`` names a JDK of another processor, whose modules this machine's ``jlink`` then links.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from pathlib import Path

import jdk
from project import run

MODULES = "java.base"

# Where an ELF file keeps the number of its machine, and the names that wheels have for those.
MACHINE_OFFSET = 18
MACHINES = {62: "x86_64", 183: "aarch64"}

GLIBC_VERSION = re.compile(rb"\0GLIBC_(\d+)\.(\d+)(?:\.\d+)?(?=\0)")


def link(home: Path, output: Path) -> None:
    """Makes the runtime of the JDK at ``home`` in the folder ``output``, in place of what was there.

    Raises:
        SystemExit: the JDK cannot be linked here; the message says why.
    """
    linker = jdk.find()
    modules: list[str | Path] = []
    if machine(home) == machine(linker):
        linker = home
    else:
        jmods = home / "jmods"
        if not (jmods / f"{MODULES}.jmod").is_file():
            raise SystemExit(
                f"{home}: a JDK for {machine(home)} can be linked on another machine only from its folder 'jmods', "
                f"which this one lacks. Take a JDK that has it, or run `make wheel` on a machine with {machine(home)}."
            )
        modules = ["--module-path", jmods]
    shutil.rmtree(output, ignore_errors=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    run(
        linker / "bin" / "jlink",
        *modules,
        *("--add-modules", MODULES, "--compress", "zip-0", "--strip-java-debug-attributes"),
        *("--strip-native-commands", "--no-header-files", "--no-man-pages"),
        # Vendor, exact version and source of what is handed on; jlink alone would keep only the version.
        *("--release-info", home / "release"),
        *("--output", output),
    )
    notice = home / "NOTICE"
    if notice.is_file():
        shutil.copy(notice, output / "legal" / "NOTICE")


def machine(home: Path) -> str:
    """Returns the machine that the Java runtime at ``home`` is for, as wheels call it.

    Raises:
        SystemExit: there is no runtime, or it is for a machine that PyLoop does not know.
    """
    library = home / "lib" / "server" / "libjvm.so"
    try:
        with library.open("rb") as file:
            header = file.read(MACHINE_OFFSET + 2)
    except OSError as error:
        raise SystemExit(f"{home} is no Java runtime: {error}") from None
    number = int.from_bytes(header[MACHINE_OFFSET:], "little")
    if number not in MACHINES:
        raise SystemExit(f"{library} is for a machine that PyLoop does not know (ELF machine {number})")
    return MACHINES[number]


def wheel_platform(runtime: Path) -> str:
    """Returns the platform of a wheel with this runtime: the oldest glibc that has all its libraries ask for.

    Raises:
        ValueError: the runtime is not built for glibc.
    """
    found = (GLIBC_VERSION.findall(library.read_bytes()) for library in runtime.rglob("*.so"))
    versions = [(int(major), int(minor)) for pairs in found for major, minor in pairs]
    if not versions:
        raise ValueError(f"{runtime} is not built for glibc")
    # The first glibc that this kind of tag was defined for.
    major, minor = max((2, 5), *versions)
    return f"manylinux_{major}_{minor}_{machine(runtime)}"


def main() -> None:
    """Links a runtime and prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where to, replacing what is there")
    parser.add_argument("--jdk", type=Path, help="the JDK whose runtime it is; else the one that builds PyLoop")
    options = parser.parse_args()
    link(options.jdk or jdk.find(), options.folder)
    size = sum(path.stat().st_size for path in options.folder.rglob("*") if path.is_file())
    sys.stdout.write(f"{options.folder}: {wheel_platform(options.folder)}, {size / 1e6:.1f} MB\n")


if __name__ == "__main__":
    main()
