"""Where a process that can be looked into listens, and who may look."""

from __future__ import annotations

import os
import socket
import stat
import struct
from pathlib import Path

_CREDENTIALS = struct.Struct("3i")  # of a peer: its process, user and group
_MODE = 0o700


def own() -> Path:
    """Return the path of this process's socket, whose folder is there and the user's alone.

    Raises:
        OSError: it is somebody else's, or cannot be made.
    """
    folder = folders()[0]
    folder.mkdir(mode=_MODE, exist_ok=True)
    if not _is_private(folder):
        raise PermissionError(f"{folder} must be a folder of this user's that nobody else may enter")
    return folder / f"{os.getpid()}.sock"


def of(process: int) -> Path | None:
    """Return the path of the socket of a process of this user's, None if it has none."""
    for folder in folders():
        path = folder / f"{process}.sock"
        if path.is_socket() and (os.geteuid() == 0 or _is_private(folder)):
            return path
    return None


def folders() -> list[Path]:
    """Return the folders where such sockets are, that of this process first."""
    user = os.geteuid()
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    places = [Path(runtime) / "pyloop"] if runtime and _is_mine(Path(runtime)) else []
    temporary = dict.fromkeys((os.environ.get("TMPDIR") or "/tmp", "/tmp"))
    return [*places, *(Path(each) / f"pyloop-{user}" for each in temporary)]


def is_trusted(connection: socket.socket) -> bool:
    """Tell whether the other end of a connection is a process of this user's, or root's."""
    _, user, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return user in {0, os.geteuid()}


def _is_mine(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _is_private(folder: Path) -> bool:
    return _is_mine(folder) and stat.S_IMODE(folder.lstat().st_mode) & 0o077 == 0
