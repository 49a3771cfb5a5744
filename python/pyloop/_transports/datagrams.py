"""Datagram transports. They are asyncio's own; Java does what happens per datagram.

Importing this module builds the engine's type.
"""

from __future__ import annotations

import socket

from pyloop import _engine
from pyloop._for_engine.datagram_fields import DatagramFields

from .plain_sockets import is_plain

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping
    from typing import Any

    from pyloop._engine import DatagramTransport as _Datagram
    from pyloop._loop import EventLoop
else:
    _Datagram = _engine.EventLoop._datagram_type()

ENGINE_CLASSES: tuple[type, ...] = (_Datagram,)

_FAMILIES = frozenset({socket.AF_INET, socket.AF_INET6, socket.AF_UNIX})


class DatagramTransport(_Datagram):
    """A UDP or Unix socket of datagrams, which this object owns from its creation to ``connection_lost``.

    It behaves as asyncio's, but for one thing: of what a callback sends, all but the first datagram leaves when the
    callback returns, so that is also when an error of the system's shows.
    """

    def __init__(
        self,
        loop: EventLoop,
        sock: socket.socket,
        protocol: asyncio.DatagramProtocol,
        address: Any = None,
        waiter: asyncio.Future[None] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self._sock = None
        super().__init__(loop, sock, protocol, address, waiter, extra)
        self._open(loop, sock.fileno(), sock.family, bool(self._extra["peername"]))

    def close(self) -> None:
        """Close the transport when all is sent; the protocol's ``connection_lost(None)`` is called then."""
        self._flush()
        super().close()

    def get_write_buffer_size(self) -> int:
        """Return how many bytes the system had no room for yet."""
        self._flush()
        return super().get_write_buffer_size()

    def _force_close(self, exc: BaseException | None) -> None:
        self._flush()
        super()._force_close(exc)

    def _call_connection_lost(self, exc: BaseException | None) -> None:
        self._drop()
        super()._call_connection_lost(exc)

    def _add_reader(self, fd: int, callback: Callable[..., object], *args: object) -> None:
        if not self.is_closing():
            self._watch()

    def __del__(self) -> None:
        try:
            if getattr(self, "_sock", None) is not None:
                super().__del__()
        finally:
            self._release()


class _ToPeer:
    """A connected socket whose peer has no name: without an address, it sends to that peer."""

    __slots__ = ("_socket",)

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def sendto(self, data: bytes, address: Any) -> int:
        return self._socket.send(data) if address is None else self._socket.sendto(data, address)


class PairTransport(DatagramTransport):
    """The transport of one end of a ``socket.socketpair``.

    The other end has no name, and asyncio takes a socket whose peer has none for one that has no peer. The engine knows
    the real socket, and leaves what has no address to asyncio's code, which sees the socket as this class shows it.
    """

    @property
    def _sock(self) -> Any:
        real = _real_socket(self)
        return None if real is None else _ToPeer(real)

    @_sock.setter
    def _sock(self, real: socket.socket | None) -> None:
        _set_real_socket(self, real)


# In messages and logs it is one of them.
PairTransport.__name__ = PairTransport.__qualname__ = DatagramTransport.__name__

_real_socket = DatagramFields.__dict__["_sock"].__get__
_set_real_socket = DatagramFields.__dict__["_sock"].__set__


def transport_class(sock: socket.socket) -> type[DatagramTransport]:
    """Return the class of transports for a socket that the engine can serve."""
    if sock.family == socket.AF_UNIX:
        try:
            if not sock.getpeername():
                return PairTransport
        except OSError:
            pass  # It has no peer.
    return DatagramTransport


def can_serve(sock: socket.socket) -> bool:
    """Tell whether the engine can work on a socket; a program may bring one with methods of its own."""
    return is_plain(sock) and sock.family in _FAMILIES
