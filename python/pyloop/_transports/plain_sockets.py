"""Which sockets are plain: those whose methods nobody has replaced, so that the engine may do itself what they do."""

from __future__ import annotations

import _socket
import socket

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from typing import Any

# What asyncio's transports and servers call.
_CALLED = frozenset(
    {
        "accept",
        "close",
        "detach",
        "fileno",
        "getpeername",
        "getsockname",
        "getsockopt",
        "recv",
        "recv_into",
        "recvfrom",
        "recvfrom_into",
        "send",
        "sendmsg",
        "sendto",
        "setsockopt",
        "shutdown",
    }
)
# Those of the socket module's own class where it has one; a program may have replaced one of the others already.
_FUNCTIONS = tuple(
    (name, socket.socket.__dict__[name] if name in {"accept", "close", "detach"} else getattr(_socket.socket, name))
    for name in sorted(_CALLED | {"__getattribute__"})
)


def is_plain(sock: Any) -> bool:
    """Tell whether the methods of a socket are those of ``socket.socket``, whatever its class."""
    kind = type(sock)
    if kind is not socket.socket and not (
        issubclass(kind, socket.socket) and _CALLED.isdisjoint(getattr(sock, "__dict__", ()))
    ):
        return False
    for name, function in _FUNCTIONS:  # noqa: SIM110 - a generator would take longer
        if getattr(kind, name, None) is not function:
            return False
    return True
