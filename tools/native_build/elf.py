"""Reads what a shared library asks of the system that loads it, from its ELF file."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

# Kinds of sections, entries of the dynamic section, and the width of the tables' entries.
SHT_DYNAMIC = 6
SHT_GNU_VERNEED = 0x6FFFFFFE
DT_NEEDED = 1
SECTION = struct.Struct("<IIQQQQIIQQ")
DYNAMIC = struct.Struct("<qQ")
VERNEED = struct.Struct("<HHIII")
VERNAUX = struct.Struct("<IHHII")


@dataclass(frozen=True)
class Section:
    """One section of a file: its kind, its content, and the number of the section that its names are in."""

    kind: int
    content: bytes
    link: int


@dataclass(frozen=True)
class Library:
    """What a 64-bit little-endian ELF file asks for: ``versions`` are of symbols, as GLIBC_2.17."""

    machine: int
    needed: frozenset[str]
    versions: frozenset[str]

    @property
    def glibc(self) -> tuple[int, int]:
        """The oldest glibc that has all the symbols; 0.0 if none is of glibc."""
        numbers = [version.removeprefix("GLIBC_").split(".") for version in self.versions if "GLIBC_" in version]
        return max(((int(major), int(minor)) for major, minor, *_ in numbers), default=(0, 0))


def read(path: Path) -> Library:
    """Reads a library.

    Raises:
        ValueError: it is no ELF file of the kind that PyLoop is built as.
    """
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        raise ValueError(f"{path} is no 64-bit little-endian ELF file")
    (machine,) = struct.unpack_from("<H", data, 18)
    sections = _sections(data)
    needed: set[str] = set()
    versions: set[str] = set()
    for section in sections:
        names = sections[section.link].content if section.link < len(sections) else b""
        if section.kind == SHT_DYNAMIC:
            needed |= {_text(names, value) for tag, value in DYNAMIC.iter_unpack(section.content) if tag == DT_NEEDED}
        elif section.kind == SHT_GNU_VERNEED:
            versions |= {_text(names, offset) for offset in _version_names(section.content)}
    return Library(machine, frozenset(needed), frozenset(versions))


def _sections(data: bytes) -> list[Section]:
    (table,) = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    sections = []
    for index in range(count):
        _, kind, _, _, offset, length, link, *_ = SECTION.unpack_from(data, table + index * size)
        # Of zeroes that take no room in the file, nothing is read.
        sections.append(Section(kind, data[offset : offset + length], link))
    return sections


def _version_names(content: bytes) -> list[int]:
    """Returns where the names of the needed versions are; both tables are linked by offsets, 0 at the end."""
    names = []
    library = 0
    while True:
        _, _, _, first, following = VERNEED.unpack_from(content, library)
        version = library + first
        while True:
            _, _, _, name, step = VERNAUX.unpack_from(content, version)
            names.append(name)
            if not step:
                break
            version += step
        if not following:
            return names
        library += following


def _text(table: bytes, offset: int) -> str:
    return table[offset : table.index(b"\0", offset)].decode()
