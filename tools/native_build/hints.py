"""Turns the engine's own annotation for hot methods into the one that native-image's compiler heeds.

The sources know nothing of GraalVM, so they have an annotation of their own; it has the same form, and a class names an
annotation by its descriptor, a constant of its own.
"""

from __future__ import annotations

from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

OURS = "Ldev/pyloop/hint/Inlined;"
THEIRS = "Lcom/oracle/svm/core/AlwaysInline;"


def apply(jar: Path, target: Path) -> None:
    """Writes a copy of ``jar`` with the annotation replaced in every class."""
    with ZipFile(jar) as source, ZipFile(target, "w", ZIP_STORED) as copy:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename.endswith(".class"):
                content = content.replace(_constant(OURS), _constant(THEIRS))
            copy.writestr(entry, content, ZIP_STORED)


def _constant(text: str) -> bytes:
    """Returns text as an entry of a class's constant pool: CONSTANT_Utf8_info of the JVM's specification, 4.4.7."""
    data = text.encode("ascii")
    return b"\x01" + len(data).to_bytes(2, "big") + data
