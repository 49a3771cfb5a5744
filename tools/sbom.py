"""The bill of materials of a wheel, as CycloneDX in JSON: what is in it, of which version, under which licence.

It is made of what the build knows: the artifacts that pom.xml pins, the JDK that the library was compiled on, and the
compiler that tools/constraints.txt pins. Equal inputs give an equal text, so it has neither a time nor a random number.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from native_build import downloads, elf, jdks
from project import BUILD, ROOT

Component: TypeAlias = dict[str, Any]

# The Maven groups of the builder's artifacts, of which the copies that the build keeps say nothing.
GROUPS = {
    "org.graalvm.compiler": ("compiler",),
    "org.graalvm.espresso": ("espresso-svm",),
    "org.graalvm.nativeimage": (
        *("native-image-base", "objectfile", "pointsto", "svm", "svm-capnproto-runtime", "svm-configure"),
    ),
    "org.graalvm.sdk": ("collections", "nativeimage", "nativeimage-libgraal", "word"),
    "org.graalvm.truffle": ("truffle-compiler",),
}

CLASSPATH_EXCEPTION = "GPL-2.0-only WITH Classpath-exception-2.0"
# The groups whose artifacts have another.
LICENCES = {"org.graalvm.sdk": "UPL-1.0", "org.graalvm.truffle": "UPL-1.0"}

# What the module java.base brings of others' and can be in the library, with the licences of it: their notices begin
# with a name and a version. tools/licences.py packs the notices.
IN_JAVA = {"cldr": "Unicode-3.0", "icu": "Unicode-3.0", "siphash": "CC0-1.0 OR MIT", "unicode": "Unicode-3.0"}
HEADING = re.compile(r"## (?P<name>.+?),? (?:v|Version )(?P<version>\S+)")


def write(engine: Path, version: str, *, native: bool) -> Path:
    """Writes the bill of a wheel with the file ``engine`` into the build's folder, and returns where it is.

    Raises:
        SystemExit: there is no JDK, or something is in the wheel of which nothing is known.
    """
    target = BUILD / "sbom" / ("native" if native else "jvm") / "pyloop.cdx.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    parts = list(materials(engine)) if native else []
    text = json.dumps(bill(engine, version, parts), indent=2, ensure_ascii=False)
    target.write_text(f"{text}\n", encoding="utf-8")
    return target


def bill(engine: Path, version: str, parts: list[Component]) -> Component:
    """Returns the bill of a wheel whose file ``engine`` is made of PyLoop's own code and of ``parts``."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    purl = f"pkg:pypi/{project['name']}@{version}"
    wheel = {
        "type": "library",
        "bom-ref": purl,
        "name": project["name"],
        "version": version,
        "description": project["description"],
        "licenses": [_licence(project["license"])],
        "purl": purl,
    }
    package = ROOT / "python"
    file = {
        "type": "file",
        "bom-ref": f"file:{engine.relative_to(package)}",
        "name": str(engine.relative_to(package)),
        "hashes": [_sha256(engine)],
    }
    refs = [part["bom-ref"] for part in parts]
    content = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": wheel},
        "components": [file, *parts],
        "dependencies": [
            {"ref": purl, "dependsOn": [file["bom-ref"]]},
            {"ref": file["bom-ref"], "dependsOn": refs},
            *({"ref": ref} for ref in refs),
        ],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))
    return {**content, "serialNumber": serial.urn}


def materials(library: Path) -> Iterator[Component]:
    """Yields what a native library can contain code or data of, besides PyLoop's own.

    Raises:
        SystemExit: there is no JDK to ask, or it or the builder has a part of which nothing is known.
    """
    home = jdks.find()
    if (home / "bin" / "native-image").exists():
        yield _component("library", "graalvm", downloads.graalvm_version(), CLASSPATH_EXCEPTION)
    else:
        yield from map(_artifact, downloads.builder_jars())
    facts = jdks.facts(home)
    java = facts.get("JAVA_RUNTIME_VERSION", facts["JAVA_VERSION"])
    yield {
        **_component("framework", "java.base", java, CLASSPATH_EXCEPTION),
        "supplier": {"name": facts.get("IMPLEMENTOR", "unknown vendor")},
        "description": f"OpenJDK's module of that name, commit {facts['COMMIT']}",
        "cpe": f"cpe:2.3:a:oracle:openjdk:{facts['JAVA_VERSION']}:*:*:*:*:*:*:*",
        "externalReferences": [{"type": "vcs", "url": facts["SOURCE_REPO"]}],
    }
    for name, licence in IN_JAVA.items():
        notice = home / "legal" / "java.base" / f"{name}.md"
        found = HEADING.match(notice.read_text(encoding="utf-8"))
        if found is None:
            raise SystemExit(f"{notice} does not begin with a name and a version")
        yield _component("library", found["name"], found["version"], licence)
    version = downloads.zig_version()
    yield {
        **_component("library", "zig", version, "MIT", f"pkg:pypi/ziglang@{version}"),
        "description": f"Its run-time library, as far as the C code needs it ({', '.join(_compilers(library))})",
    }


def _artifact(jar: Path) -> Component:
    """Returns the component of an artifact of the builder."""
    version = downloads.graalvm_version()
    name = jar.name.removesuffix(f"-{version}.jar")
    group = next((group for group, names in GROUPS.items() if name in names), None)
    if group is None:
        raise SystemExit(f"{jar} is an artifact whose group and licence tools/sbom.py does not know")
    licence = LICENCES.get(group, CLASSPATH_EXCEPTION)
    return {
        **_component("library", name, version, licence, f"pkg:maven/{group}/{name}@{version}"),
        "group": group,
        "hashes": [_sha256(jar)],
    }


def _component(kind: str, name: str, version: str, licence: str, purl: str = "") -> Component:
    address = {"purl": purl} if purl else {}
    fixed = {"type": kind, "bom-ref": purl or f"{name}@{version}", "name": name, "version": version}
    return {**fixed, "licenses": [_licence(licence)], **address}


def _licence(text: str) -> Component:
    return {"expression": text} if " " in text else {"license": {"id": text}}


def _sha256(path: Path) -> dict[str, str]:
    return {"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}


def _compilers(library: Path) -> list[str]:
    """Returns what the compiler and the linker wrote into a library about themselves."""
    comments = [section.content for section in elf.File(library).sections if section.name == ".comment"]
    return [text.decode() for comment in comments for text in comment.split(b"\0") if text]
