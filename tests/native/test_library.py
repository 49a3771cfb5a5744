"""The build's checks of a finished native library, and the library of this checkout by them."""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path
from typing import Final

import pytest

from library import LIBRARY
from native_build import check, compiler, downloads, elf, jdks, machine

OF_GLIBC_2_25: Final = "#include <sys/random.h>\nlong f(void *p) { return getrandom(p, 1, 0); }\n"


@pytest.fixture(scope="module")
def zig(tmp_path_factory: pytest.TempPathFactory) -> compiler.Compiler:
    return compiler.provide(downloads.zig(), machine.this(), tmp_path_factory.mktemp("c"))


def library_of(zig: compiler.Compiler, source: str, folder: Path) -> Path:
    file = folder / "f.c"
    file.write_text(f"#pragma GCC visibility push(default)\n{source}", encoding="ascii")
    library = folder / "f.so"
    zig.link(zig.compile([file], []), ["f"], library)
    return library


def test_the_library_asks_for_the_oldest_glibc_and_nothing_else() -> None:
    library = check.requirements(LIBRARY, machine.this(), compiler.GLIBC)
    assert library.glibc <= compiler.GLIBC
    assert "libc.so.6" in library.needed


def test_a_symbol_that_nothing_has_fails_the_link_with_its_name(zig: compiler.Compiler, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="nowhere_to_be_found"):
        library_of(zig, "int nowhere_to_be_found(void);\nint f(void) { return nowhere_to_be_found(); }\n", tmp_path)


def test_a_symbol_of_a_newer_glibc_fails_the_link(zig: compiler.Compiler, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="getrandom"):
        library_of(zig, OF_GLIBC_2_25, tmp_path)


def test_what_a_newer_glibc_is_asked_for_is_read_from_the_file(zig: compiler.Compiler, tmp_path: Path) -> None:
    library = library_of(zig, "#include <stdlib.h>\nvoid *f(void) { return malloc(1); }\n", tmp_path)
    floor = elf.File(library).glibc
    assert floor <= compiler.GLIBC
    older = (floor[0], floor[1] - 1)
    with pytest.raises(SystemExit, match=f"newer glibc than {older[0]}[.]{older[1]}: GLIBC_"):
        check.requirements(library, machine.this(), older)


def test_another_library_is_told(zig: compiler.Compiler, tmp_path: Path) -> None:
    other = tmp_path / "libother.so"
    shutil.copy(library_of(zig, "int g(void);\nint f(void) { return 1; }\n", tmp_path), other)
    user = tmp_path / "user.c"
    user.write_text(
        "#pragma GCC visibility push(default)\nint f(void);\nint g(void) { return f(); }\n", encoding="ascii"
    )
    made = tmp_path / "user.so"
    zig.link([*zig.compile([user], []), other], ["g"], made)
    with pytest.raises(SystemExit, match=r"libraries beside glibc's: .*other"):
        check.requirements(made, machine.this(), compiler.GLIBC)
    other.unlink()
    with pytest.raises(SystemExit, match=r"does not load: .*libother[.]so"):
        check.loads(made)


def test_only_exports_are_seen(zig: compiler.Compiler, tmp_path: Path) -> None:
    library = library_of(zig, "int g(void) { return 1; }\nint f(void) { return g(); }\n", tmp_path)
    loaded = ctypes.CDLL(os.fspath(library))
    assert [hasattr(loaded, name) for name in ("f", "g")] == [True, False]


def test_a_file_that_is_no_library_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "text.so"
    file.write_text("#!/bin/sh\n", encoding="ascii")
    with pytest.raises(ValueError, match="no 64-bit"):
        elf.File(file)


def test_too_little_memory_is_told_before_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "NEEDED_BYTES", 1)
    machine.check_memory()
    monkeypatch.setattr(machine, "NEEDED_BYTES", 10**15)
    with pytest.raises(SystemExit, match=r"needs 1000000[.]0 GB of memory to build, and [0-9.]+ GB are available"):
        machine.check_memory()


def test_a_graalvm_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRAALVM_HOME", os.fspath(tmp_path))
    with pytest.raises(SystemExit, match=f"GRAALVM_HOME is {tmp_path}, which is no GraalVM for JDK 25"):
        jdks.find()


def test_a_jdk_of_another_version_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "javac").touch()
    (tmp_path / "release").write_text('JAVA_VERSION="26.0.1"\n', encoding="ascii")
    monkeypatch.delenv("GRAALVM_HOME", raising=False)
    monkeypatch.setattr("jdk.candidates", lambda: iter([("JAVA_HOME", tmp_path)]))
    with pytest.raises(SystemExit, match=rf"JDK 25, not on a newer one(.|\n)*{tmp_path} \(JAVA_HOME\): JDK 26"):
        jdks.find()
