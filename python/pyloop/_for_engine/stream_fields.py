"""The references that transports and acceptors own. They are slots; the engine looks up where they lie.

The engine's types derive from these classes, so CPython itself shows the references to its garbage collector.
"""

from __future__ import annotations

from pyloop._stock import FlowControlMixin

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable
    from contextvars import Context
    from typing import Any


class StreamFields(FlowControlMixin):
    """What a stream transport refers to.

    Inherited code sends files only over transports with asyncio's flow control, so they derive from it; of its
    slots ``_loop`` and the marks are used.
    """

    __slots__ = (
        "__weakref__",
        "_closing",
        "_context",
        "_empty_waiter",
        "_protocol",
        "_read_context",
        "_server",
        "_socket",
        "_write_context",
    )

    _closing: bool
    _context: Context | None
    _empty_waiter: asyncio.Future[None] | None
    _loop: Any
    _protocol: asyncio.BaseProtocol
    _read_context: Context
    _server: Any
    _socket: socket.socket | None
    _write_context: Context

    # In Python, which is asked for it before most writes, for it answers faster than it can call Java.
    def is_closing(self) -> bool:
        """Tell whether the transport is closed or about to be."""
        return self._closing


class AcceptorFields:
    """What an acceptor refers to."""

    __slots__ = ("__weakref__", "backlog", "context", "factory", "loop", "server", "server_context", "sock")

    backlog: int
    context: Context
    factory: Callable[[], asyncio.BaseProtocol]
    loop: Any
    server: Any
    # From 3.15 on: that of which each connection has a copy, in which everything of it happens.
    server_context: Context | None
    sock: Any
