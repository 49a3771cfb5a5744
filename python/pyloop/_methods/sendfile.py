"""A file that the system sends over a socket, one part at a time."""

from __future__ import annotations

import asyncio
import errno
import io
import os

from pyloop import _stock

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    import socket
    from typing import Any

_LARGEST_PART = 1 << 30


class Sendfile:
    """What has been sent of a file, and what remains to be.

    The numbers of both descriptors are asked for anew for every part: whoever gives up or closes the socket or the file
    in between leaves them to others.
    """

    __slots__ = ("_count", "_file", "_offset", "_size", "_sock", "sent")

    def __init__(self, sock: socket.socket, file: Any, offset: int, count: int | None) -> None:
        """Begin with nothing sent.

        Raises:
            asyncio.SendfileNotAvailableError: the file is none of the system's.
        """
        self._sock = sock
        self._file = file
        self._offset = offset
        self._count = count
        self.sent = 0
        try:
            self._size = os.fstat(file.fileno()).st_size
        except (AttributeError, OSError, io.UnsupportedOperation) as exc:
            raise asyncio.SendfileNotAvailableError("not a regular file") from exc

    def is_empty(self) -> bool:
        """Tell whether there is nothing to send, as far as can be known before."""
        return not (self._count or self._size)

    def send(self) -> bool:
        """Send as much as there is room for; return whether that was the end.

        Raises:
            BlockingIOError: there is no room.
            asyncio.SendfileNotAvailableError: the system cannot send the file at all.
            OSError: the connection or the file has failed in the middle of it.
        """
        part = self._count - self.sent if self._count else self._size
        if part <= 0:
            return True
        sock, file = self._sock.fileno(), self._file.fileno()
        try:
            added = os.sendfile(sock, file, self._offset + self.sent, min(part, _LARGEST_PART))
        except (BlockingIOError, InterruptedError):
            raise
        except OSError as exc:
            if not self.sent:
                raise asyncio.SendfileNotAvailableError("os.sendfile call failed") from exc
            if exc.errno == errno.ENOTCONN:
                raise ConnectionError("socket is not connected", errno.ENOTCONN) from exc
            raise
        self.sent += added
        return not added

    def leave(self) -> None:
        """Set the file's position behind what was sent, if the file is still open; before 3.15 only if anything was."""
        if (self.sent or _stock.SENDFILE_ALWAYS_MOVES) and not getattr(self._file, "closed", False):
            os.lseek(self._file.fileno(), self._offset + self.sent, os.SEEK_SET)
