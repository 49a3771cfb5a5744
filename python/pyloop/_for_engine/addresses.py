"""Addresses of sockets as the kernel writes them, made into Python's."""

from __future__ import annotations

import os
import socket
import struct
import sys

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from typing import Any

_FAMILY = struct.Struct("=H")
_IPV4 = struct.Struct("!2xH4s")
_IPV6 = struct.Struct("!2xHL16s")


def family(raw: bytes) -> int:
    """Return the address family of the ``struct sockaddr`` in ``raw``."""
    return int(_FAMILY.unpack_from(raw)[0])


def decode(raw: bytes) -> Any:
    """Return what ``socket.getpeername`` returns for the ``struct sockaddr`` in ``raw``; None for none.

    ``(host, port)`` for IPv4, ``(host, port, flowinfo, scope_id)`` for IPv6, the path for Unix sockets, as bytes if it
    is an abstract one.
    """
    if len(raw) < _FAMILY.size:
        return None
    if family(raw) == socket.AF_INET:
        port, host = _IPV4.unpack_from(raw)
        return socket.inet_ntop(socket.AF_INET, host), port
    if family(raw) == socket.AF_INET6:
        port, flow, host = _IPV6.unpack_from(raw)
        scope = int.from_bytes(raw[_IPV6.size : _IPV6.size + 4], sys.byteorder)
        return socket.inet_ntop(socket.AF_INET6, host), port, flow, scope
    path = raw[_FAMILY.size :]
    return path if path.startswith(b"\0") and len(path) > 0 else os.fsdecode(path.partition(b"\0")[0])
