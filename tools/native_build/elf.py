"""Reads ELF files: sections and symbols, and what a shared library asks of the system that loads it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

# Kinds of sections, entries of the dynamic section, and the layout of what is in the tables.
SHT_SYMTAB = 2
SHT_DYNAMIC = 6
SHT_GNU_VERNEED = 0x6FFFFFFE
DT_NEEDED = 1
SECTION = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
DYNAMIC = struct.Struct("<qQ")
VERNEED = struct.Struct("<HHIII")
VERNAUX = struct.Struct("<IHHII")


@dataclass(frozen=True)
class Section:
    """A part of a file; ``names`` is the number of the section that has the names in it, if any are."""

    name: str
    kind: int
    content: bytes
    names: int


@dataclass(frozen=True)
class Symbol:
    """A symbol that the file defines: ``offset`` bytes into the section of the number ``section``."""

    name: str
    section: int
    offset: int
    size: int


class File:
    """A 64-bit little-endian ELF file."""

    def __init__(self, path: Path) -> None:
        """Reads a file.

        Raises:
            ValueError: it is no ELF file of that kind.
        """
        data = path.read_bytes()
        if data[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{path} is no 64-bit little-endian ELF file")
        (self.machine,) = struct.unpack_from("<H", data, 18)
        (table,) = struct.unpack_from("<Q", data, 40)
        size, count, names = struct.unpack_from("<HHH", data, 58)
        headers = [SECTION.unpack_from(data, table + index * size) for index in range(count)]
        start = headers[names][4]
        self.sections = [
            Section(_text(data, start + name), kind, data[offset : offset + length], link)
            for name, kind, _, _, offset, length, link, *_ in headers
        ]

    def symbols(self) -> Iterator[Symbol]:
        """Yields the symbols, those of an object file, whose values count from the start of their sections."""
        for section in self._of_kind(SHT_SYMTAB):
            names = self.sections[section.names].content
            for name, _, _, number, offset, size in SYMBOL.iter_unpack(section.content):
                yield Symbol(_text(names, name), number, offset, size)

    @cached_property
    def needed(self) -> frozenset[str]:
        """The libraries that a library is linked with."""
        return frozenset(
            _text(self.sections[section.names].content, value)
            for section in self._of_kind(SHT_DYNAMIC)
            for tag, value in DYNAMIC.iter_unpack(section.content)
            if tag == DT_NEEDED
        )

    @cached_property
    def versions(self) -> frozenset[str]:
        """The versions of the symbols that a library looks for in others, such as GLIBC_2.17."""
        return frozenset(
            _text(self.sections[section.names].content, offset)
            for section in self._of_kind(SHT_GNU_VERNEED)
            for offset in _version_names(section.content)
        )

    @property
    def glibc(self) -> tuple[int, int]:
        """The oldest glibc that has all of these; 0.0 if none is of glibc."""
        numbers = [version.removeprefix("GLIBC_").split(".") for version in self.versions if "GLIBC_" in version]
        return max(((int(major), int(minor)) for major, minor, *_ in numbers), default=(0, 0))

    def _of_kind(self, kind: int) -> Iterator[Section]:
        return (section for section in self.sections if section.kind == kind)


def _version_names(content: bytes) -> Iterator[int]:
    """Yields where the names of the needed versions are; both tables are linked by offsets, 0 at the end."""
    library = 0
    while True:
        _, _, _, first, following = VERNEED.unpack_from(content, library)
        version = library + first
        while True:
            _, _, _, name, step = VERNAUX.unpack_from(content, version)
            yield name
            if not step:
                break
            version += step
        if not following:
            return
        library += following


def _text(table: bytes, offset: int) -> str:
    return table[offset : table.index(b"\0", offset)].decode()
