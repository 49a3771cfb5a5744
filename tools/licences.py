"""The licences and notices that go into the wheel with the native library, in which others' code is compiled too.

They are the texts that the JDK and the C compiler bring for the code that the library can contain, and a page that says
what is from where.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from native_build import downloads, jdks
from project import BUILD

# Of what the library can contain: the module java.base. Left out are the notices for what is not in it: the JDK's own
# C and C++ code, and data that is not compiled in.
TEXTS = ("LICENSE", "ADDITIONAL_LICENSE_INFO", "ASSEMBLY_EXCEPTION", "cldr.md", "icu.md", "siphash.md", "unicode.md")

PAGE = """\
PyLoop's own code is under the Apache License 2.0.

The native library pyloop/_native.abi3.so was compiled by GraalVM Native Image, and also contains code of

- GraalVM {graalvm} (Substrate VM), https://github.com/oracle/graal, tag vm-{graalvm},
- OpenJDK {java} ({vendor}), {repository}, commit {commit}.

Both are under the GNU General Public License, version 2, with the Classpath Exception (LICENSE, ASSEMBLY_EXCEPTION and
ADDITIONAL_LICENSE_INFO beside this page). The exception permits to link them with code under other licences and to
hand on the result. Their complete sources are at the addresses above. GraalVM's interface (its artifacts
org.graalvm.sdk) is under the Universal Permissive License, version 1.0, https://oss.oracle.com/licenses/upl/. The
library was linked by Zig, and may contain functions of its run-time library (ZIG-LICENSE). The other files beside this
page are notices of those whose work is part of OpenJDK.
"""


def collect() -> Path:
    """Returns a folder with the page and the texts, made anew.

    Raises:
        SystemExit: there is no JDK or no C compiler, or one lacks a text.
    """
    home = jdks.find()
    folder = BUILD / "licences"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, path in _texts(home):
        if not path.is_file():
            raise SystemExit(f"{path} is not there: the native library may not be handed on without it")
        (folder / name).write_bytes(path.read_bytes())
    (folder / "README.txt").write_text(_page(home), encoding="utf-8")
    return folder


def _texts(home: Path) -> Iterator[tuple[str, Path]]:
    """Yields the names that texts get, and where they are."""
    for name in TEXTS:
        yield name, home / "legal" / "java.base" / name
    # Of Eclipse Temurin, for example; other vendors have none.
    if (home / "NOTICE").is_file():
        yield "NOTICE", home / "NOTICE"
    yield "ZIG-LICENSE", downloads.zig().parent / "LICENSE"


def _page(home: Path) -> str:
    facts = jdks.facts(home)
    return PAGE.format(
        graalvm=downloads.graalvm_version(),
        java=facts.get("JAVA_RUNTIME_VERSION", facts["JAVA_VERSION"]),
        vendor=facts.get("IMPLEMENTOR", "unknown vendor"),
        repository=facts["SOURCE_REPO"],
        commit=facts["COMMIT"],
    )
