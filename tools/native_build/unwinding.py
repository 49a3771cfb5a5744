"""Lets debuggers, profilers and the C library see through Java's frames to their callers, Python's among them.

native-image writes no such information unless it writes all of its debug information. But its functions are of one
form on x86-64: each takes the room for its frame at once, when it starts, and gives it back before it returns. So the
first instructions say where the caller's frame is. What comes of it is a section ``.eh_frame`` as C compilers make
it, which the linker merges with that of the C code. Only a place between the giving back and the return, one or two
instructions, is not described.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from native_build import elf
from native_build.machine import MACHINES

# The global symbol that native-image puts at the start of its code.
CODE = "__svm_code_section"

# push %rbp, if the function has its caller's %rbp to keep; then sub $size,%rsp, of one byte or of four.
PROLOGUE = re.compile(rb"(\x55?)\x48(?:\x83\xec(.)|\x81\xec(.{4}))", re.DOTALL)

# What all functions share: the return address is above the frame, addresses are relative (zR, 0x1b), and the C code's
# registers %rbx and %r12 to %r15 are lost, as Java uses them and keeps them elsewhere.
HEADER = """\
    .section .eh_frame, "a", @unwind
.Lshared:
    .long .Lshared_end - .Lshared_start
.Lshared_start:
    .long 0
    .byte 1
    .asciz "zR"
    .uleb128 1
    .sleb128 -8
    .byte 16
    .uleb128 1
    .byte 0x1b
    .byte 0x0c, 7, 8
    .byte 0x90, 1
    .byte 0x07, 3, 0x07, 12, 0x07, 13, 0x07, 14, 0x07, 15
    .balign 8
.Lshared_end:
"""

# One function: after the push the frame is of 16 bytes, and %rbp is in it; after the sub it has its whole size.
FUNCTION = """\
    .long .Lend{number} - .Lstart{number}
.Lstart{number}:
    .long .Lstart{number} - .Lshared
    .long {code} + {offset} - .
    .long {length}
    .uleb128 0
    {push}
    .byte 0x40 + {taking}, 0x0e
    .uleb128 {frame}
    .balign 8
.Lend{number}:
"""
PUSH = ".byte 0x41, 0x0e, 16, 0x86, 2"


@dataclass(frozen=True)
class Function:
    """A function that takes ``size`` bytes for its frame by an instruction of ``taking`` bytes at its start."""

    offset: int
    length: int
    pushes: bool
    taking: int
    size: int


def functions(image: elf.File) -> Iterator[Function]:
    """Yields the functions of native-image's object file that have a frame; none of another machine than x86-64."""
    if image.machine != MACHINES["x86_64"].elf:
        return
    numbers = [number for number, section in enumerate(image.sections) if section.name == ".text"]
    seen = set()
    for symbol in image.symbols():
        if symbol.section in numbers and symbol.size and symbol.offset not in seen:
            seen.add(symbol.offset)
            found = PROLOGUE.match(image.sections[symbol.section].content, symbol.offset)
            if found:
                size = int.from_bytes(found[2] or found[3], "little")
                taking = len(found[0]) - len(found[1])
                yield Function(symbol.offset, symbol.size, bool(found[1]), taking, size)


def write(image: Path, assembly: Path) -> None:
    """Writes the section for ``image``, an object file of native-image's, in assembly language.

    Raises:
        ValueError: the file is no object file.
    """
    with assembly.open("w", encoding="ascii") as output:
        output.write(HEADER)
        for number, function in enumerate(functions(elf.File(image))):
            output.write(
                FUNCTION.format(
                    number=number,
                    code=CODE,
                    offset=function.offset,
                    length=function.length,
                    push=PUSH if function.pushes else "",
                    taking=function.taking,
                    frame=function.size + (16 if function.pushes else 8),
                )
            )
        output.write('    .section .note.GNU-stack, "", @progbits\n')
