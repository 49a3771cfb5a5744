"""The C compiler and linker of the native library: Zig's, for the oldest glibc that the library is to run on."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from native_build.machine import Machine
from project import BUILD, run

GLIBC = (2, 17)

# No debug information: functions keep their names without it.
COMPILE = (
    *("-std=c11", "-Wall", "-Wextra", "-Werror", "-Qunused-arguments", "-O2", "-g0", "-fno-sanitize=all"),
    *("-fPIC", "-fvisibility=hidden", "-ffunction-sections", "-fno-omit-frame-pointer"),
)

LINK = (
    *("-shared", "-Wl,--gc-sections", "-Wl,-Bsymbolic", "-Wl,--build-id=sha1", "-Wl,-z,defs"),
    *("-Wl,-z,noexecstack", "-Wl,-z,relro", "-Wl,-z,now"),
)

# Parts of the C library that were libraries of their own before glibc 2.34.
LIBRARIES = ("-lpthread", "-ldl")


@dataclass(frozen=True)
class Compiler:
    """A C compiler as one program: a script that calls Zig for ``machine``, in the folder ``folder``."""

    program: Path
    folder: Path

    def compile(self, sources: Iterable[Path], includes: Sequence[Path]) -> list[Path]:
        """Compiles files in C or assembly language, each into an object file.

        Raises:
            SystemExit: one does not compile; the message holds what the compiler says.
        """
        objects = []
        for source in sources:
            target = self.folder / f"{source.parent.name}-{source.stem}.o"
            run(self.program, *COMPILE, *(f"-I{folder}" for folder in includes), "-c", source, "-o", target)
            objects.append(target)
        return objects

    def link_helper(self, sources: Path, includes: Sequence[Path], output: Path) -> None:
        """Makes a library for the builder itself of the C files in the folder ``sources``.

        Raises:
            SystemExit: one does not compile.
        """
        run(self.program, "-shared", "-o", output, *self.compile(sorted(sources.glob("*.c")), includes))

    def link(self, objects: Iterable[Path], exports: Iterable[str], output: Path) -> None:
        """Links object files into a shared library that shows no symbols but ``exports``.

        Raises:
            SystemExit: a symbol is missing; the message names it.
        """
        script = self.folder / "exports.map"
        script.write_text(f"{{ global: {' '.join(f'{name};' for name in exports)} local: *; }};\n", encoding="ascii")
        run(self.program, *LINK, f"-Wl,--version-script={script}", *objects, *LIBRARIES, "-o", output)


def provide(zig: Path, machine: Machine, folder: Path) -> Compiler:
    """Makes the compiler in ``folder``, which keeps its object files, too."""
    folder.mkdir(parents=True, exist_ok=True)
    target = f"{machine.name}-linux-gnu.{GLIBC[0]}.{GLIBC[1]}"
    program = folder / "cc"
    program.write_text(
        "#!/bin/sh\n"
        f"export ZIG_GLOBAL_CACHE_DIR={shlex.quote(os.fspath(BUILD / 'native' / 'zig-cache'))}\n"
        f'exec {shlex.quote(os.fspath(zig))} cc -target {target} "$@"\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    return Compiler(program, folder)
