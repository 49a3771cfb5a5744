"""The licences and notices that go into the wheel with the native library, in which others' code is compiled too.

They are the texts that the JDK brings for the code the library can contain, and a page that says what is from where.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import jdk
from project import BUILD, ROOT

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
hand on the result. Their complete sources are at the addresses above. The other files beside this page are notices of
those whose work is part of OpenJDK.
"""


def collect() -> Path:
    """Returns a folder with the page and the texts, made anew.

    Raises:
        SystemExit: there is no JDK, or it lacks a text.
    """
    home = jdk.find()
    folder = BUILD / "licences"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for path in _texts(home):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "README.txt").write_text(_page(home), encoding="utf-8")
    return folder


def _texts(home: Path) -> Iterator[Path]:
    for name in TEXTS:
        path = home / "legal" / "java.base" / name
        if not path.is_file():
            raise SystemExit(f"{path} is not there: a wheel with the native library needs the JDK's licences")
        yield path
    notice = home / "NOTICE"
    if notice.is_file():
        yield notice


def _page(home: Path) -> str:
    release = dict(
        line.split("=", 1) for line in (home / "release").read_text(encoding="utf-8").splitlines() if "=" in line
    )
    facts = {name: text.strip('"') for name, text in release.items()}
    return PAGE.format(
        graalvm=_graalvm_version(),
        java=facts.get("JAVA_RUNTIME_VERSION", facts["JAVA_VERSION"]),
        vendor=facts.get("IMPLEMENTOR", "unknown vendor"),
        repository=facts.get("SOURCE_REPO", "https://github.com/openjdk/jdk25u"),
        commit=facts.get("SOURCE", "unknown").rpartition(":")[2],
    )


def _graalvm_version() -> str:
    pom = ET.parse(ROOT / "pom.xml")
    version = pom.findtext(".//{*}graalvm.version")
    if not version:
        raise SystemExit("pom.xml does not say which GraalVM compiles the native library")
    return version
