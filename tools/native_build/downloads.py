"""Fetches what builds the native library: GraalVM's builder as Maven artifacts, and a C compiler from PyPI.

Both are pinned, by ``graalvm.version`` in pom.xml and ``ziglang`` in tools/constraints.txt, and kept in build/native: a
second build downloads nothing.
"""

from __future__ import annotations

import re
from pathlib import Path

import pypi
from project import BUILD, ROOT, fresh, run

FOLDER = BUILD / "native"

# Whose artifacts make up the builder.
GROUPS = tuple(f"org.graalvm.{group}" for group in ("compiler", "espresso", "nativeimage", "sdk", "truffle"))

# Whose artifact has the annotations that what extends the builder looks for (dev.pyloop.builder.NonNullFields).
ANNOTATIONS = "org.jspecify"


def graalvm_version() -> str:
    """Returns the version of GraalVM that pom.xml pins."""
    found = re.search(r"<graalvm\.version>(.+?)</", (ROOT / "pom.xml").read_text(encoding="utf-8"))
    if found is None:
        raise SystemExit("pom.xml pins no graalvm.version")
    return found[1]


def zig_version() -> str:
    """Returns the version of Zig that tools/constraints.txt pins."""
    return pypi.pinned_version("ziglang")


def builder_jars() -> list[Path]:
    """Returns the jars of the builder.

    Raises:
        SystemExit: they could not be downloaded.
    """
    return _jars(f"jars-{graalvm_version()}", *GROUPS)


def annotation_jars() -> list[Path]:
    """Returns the jars of annotations that the builder has to see in the classes.

    Raises:
        SystemExit: they could not be downloaded.
    """
    return _jars("annotations", ANNOTATIONS)


def _jars(name: str, *groups: str) -> list[Path]:
    folder = FOLDER / name
    if not folder.is_dir():
        unfinished = fresh(folder)
        run(
            *("tools/mvn", "--quiet", "-Pnative", "dependency:copy-dependencies", f"-DoutputDirectory={unfinished}"),
            f"-DincludeGroupIds={','.join(groups)}",
        )
        unfinished.rename(folder)
    return sorted(folder.glob("*.jar"))


def zig() -> Path:
    """Returns the Zig program, which is a C compiler and linker with the headers of every glibc.

    Raises:
        SystemExit: it could not be downloaded.
    """
    (program,) = pypi.provide("ziglang", FOLDER).glob("lib/python*/site-packages/ziglang/zig")
    return program
