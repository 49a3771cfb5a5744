"""Guards the files that Java keeps open and reads from: what else it finds under their numbers may crash the process.

A program that closes the descriptors that it does not know, as daemons do, closes these too.
"""

from __future__ import annotations

import os
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# By their numbers: the path, and what tells the file from others.
_files: dict[int, tuple[str, os.stat_result]] = {}


def remember(descriptors: Iterable[int]) -> None:
    """Take note of what Java has opened as it started."""
    for descriptor in descriptors:
        _files[descriptor] = str(Path(f"/proc/self/fd/{descriptor}").readlink()), os.fstat(descriptor)


def put_back() -> None:
    """Open again what was closed behind Java's back, under its old number.

    Raises:
        RuntimeError: the number is another file's by now, or the file is not there any more.
    """
    for descriptor, (path, status) in _files.items():
        try:
            same = os.path.samestat(os.fstat(descriptor), status)
        except OSError:
            same = _open(descriptor, path, status)
        if not same:
            raise RuntimeError(
                f"PyLoop cannot be used any more: descriptor {descriptor}, by which its Java virtual machine reads "
                f"from {path}, was closed by the program, and is not that file's now. The native engine needs no file"
            )


def _open(number: int, path: str, status: os.stat_result) -> bool:
    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    if not os.path.samestat(os.fstat(opened), status):
        os.close(opened)
        return False
    if opened != number:
        os.dup2(opened, number, inheritable=False)
        os.close(opened)
    return True
