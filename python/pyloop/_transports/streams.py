"""Stream transports and what accepts their connections. Per connection is here, per message in Java.

Importing this module builds the engine's types.
"""

from __future__ import annotations

import functools
import socket

from pyloop import _engine
from pyloop._for_engine import addresses
from pyloop._for_engine.stream_callbacks import attach, detach, fail_empty_waiter, warn_of_unclosed
from pyloop._stock import FlowControlMixin, SelectorSocketTransport, TransportSocket, base_events, constants, futures

from .plain_sockets import is_plain

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping
    from contextvars import Context
    from typing import Any

    from pyloop._engine import Acceptor as _Acceptor
    from pyloop._engine import StreamTransport as _Stream
    from pyloop._loop import EventLoop
else:
    _Stream, _Acceptor = _engine.EventLoop._transport_types()

ENGINE_CLASSES: tuple[type, ...] = (_Stream, _Acceptor)

_SOCKET = 0  # as the engine numbers what it reads from and writes to
_MAX_SIZE = 256 * 1024  # of what asyncio receives at once
_HIGH_WATER = 64 * 1024  # the default, which is the engine's too
# Of sockets whose addresses the engine can keep as the kernel gave them.
_FAMILIES = frozenset({socket.AF_INET, socket.AF_INET6, socket.AF_UNIX})


class FlowLimits(_Stream):
    """The marks of flow control, as methods that are asked for once per connection."""

    __slots__ = ()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set the marks, in bytes, at which the protocol is asked to pause and to resume writing.

        Raises:
            ValueError: ``high`` is less than ``low``, or ``low`` is negative.
        """
        self._set_write_buffer_limits(high=high, low=low)
        self._set_limits(float(self._high_water), float(self._low_water))

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return the low and the high mark, in bytes."""
        try:
            return self._low_water, self._high_water
        except AttributeError:
            return _HIGH_WATER // 4, _HIGH_WATER  # never set

    def _call_connection_lost(self, exc: BaseException | None) -> None:
        try:
            self._protocol.connection_lost(exc)  # type: ignore[arg-type]
        finally:
            self._give_up()

    def _give_up(self) -> None:
        """Close the descriptor and drop what this refers to, once.

        What fails keeps nothing else from being done: a server waits for its transports.
        """
        if self._is_closed():
            return
        try:
            self._give_up_descriptor()
            sock = getattr(self, "_socket", None)
            if sock is not None:
                self._socket = None
                sock.close()
        finally:
            self._protocol = self._loop = None  # type: ignore[assignment]
            self._leave_server()

    def _leave_server(self) -> None:
        try:
            server = getattr(self, "_server", None)
            if server is not None:
                self._server = None
                detach(server, self)  # type: ignore[arg-type]
        finally:
            if getattr(self, "_empty_waiter", None) is not None:
                fail_empty_waiter(self)  # type: ignore[arg-type]

    def __del__(self) -> None:
        try:
            if self._is_open():
                try:
                    warn_of_unclosed(self)
                finally:
                    self._end()
                    self._give_up()
        finally:
            self._release()

    # Names of asyncio's that tests and libraries read.

    max_size = _MAX_SIZE
    _protocol_connected = True

    @property
    def _protocol_paused(self) -> bool:
        return self._is_writing_paused()

    @property
    def _paused(self) -> bool:
        return not self.is_closing() and not self.is_reading()

    @property
    def _conn_lost(self) -> int:
        return int(self.is_closing() and self.get_write_buffer_size() == 0)


class StreamTransport(FlowLimits):
    """A connected TCP or Unix socket, which this object owns from its creation to ``connection_lost``.

    It behaves as asyncio's, but for one thing: what callbacks write is sent at the end of the loop's iteration, all at
    once, so that is also when an error of the system's shows.
    """

    __slots__ = ()

    _medium = "socket"
    _lost_write = "socket.send() raised exception."
    _start_tls_compatible = True
    _sendfile_compatible = constants._SendfileMode.TRY_NATIVE
    _fatal_error = SelectorSocketTransport._fatal_error

    def __init__(
        self,
        loop: EventLoop,
        sock: socket.socket,
        protocol: asyncio.BaseProtocol,
        waiter: asyncio.Future[None] | None = None,
        extra: Mapping[str, Any] | None = None,
        server: asyncio.Server | None = None,
        context: Context | None = None,
    ) -> None:
        super(FlowControlMixin, self).__init__({} if extra is None else dict(extra))
        self._describe(sock)
        self._loop = loop
        self._socket = sock
        self._server = None
        self._context = context
        self._open(loop, sock.fileno(), _SOCKET)
        self.set_protocol(protocol)
        if server is not None:
            attach(server, self)
            self._server = server
        base_events._set_nodelay(sock)
        loop.call_soon(protocol.connection_made, self, context=context)
        self._start()
        if waiter is not None:
            # Only now, so that the protocol knows of the connection before whoever waits for it goes on.
            loop.call_soon(futures._set_result_unless_cancelled, waiter, None, context=context)

    def __repr__(self) -> str:
        info = [type(self).__name__]
        if self._is_closed():
            info.append("closed")
        elif self.is_closing():
            info.append("closing")
        info.append(f"fd={self._descriptor()}")
        if not self._is_closed() and not self._loop.is_closed():
            info.append("read=polling" if self._loop._reader(self._descriptor()) else "read=idle")
            state = "polling" if self._loop._writer(self._descriptor()) else "idle"
            info.append(f"write=<{state}, bufsize={self.get_write_buffer_size()}>")
        return f"<{' '.join(info)}>"

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what is known of the connection under a name; asyncio's documentation lists the names."""
        try:
            extra = self._extra
        except AttributeError:
            # An accepted connection: most are never asked.
            peer, local = addresses.decode(self._peer()), addresses.decode(self._local())
            extra = self._extra = {"peername": peer, "sockname": local}
        if name == "socket":
            if name not in extra:
                extra[name] = TransportSocket(self._sock or _closed_socket(addresses.family(self._local())))
            # Whoever shuts it down wants sent what was written before.
            self.get_write_buffer_size()
        return extra.get(name, default)

    def can_write_eof(self) -> bool:
        """Return True: the outgoing half of a connection can be closed by itself."""
        return True

    @property
    def _sock(self) -> socket.socket | None:
        """The socket; made when an accepted connection is first asked for it, and then the descriptor's owner."""
        try:
            return self._socket
        except AttributeError:
            if self._is_closed():
                return None
        self._socket = socket.socket(fileno=self._descriptor())
        self._socket.setblocking(False)
        return self._socket

    @property
    def _sock_fd(self) -> int:
        return self._descriptor()

    def _describe(self, sock: socket.socket) -> None:
        self._extra["socket"] = TransportSocket(sock)
        self._extra["sockname"] = _address(sock.getsockname)
        if "peername" not in self._extra:
            self._extra["peername"] = _address(sock.getpeername)

    def _make_empty_waiter(self) -> asyncio.Future[None]:
        if getattr(self, "_empty_waiter", None) is not None:
            raise RuntimeError("Empty waiter is already set")
        waiter: asyncio.Future[None] = self._loop.create_future()
        # It is there before what waits is sent: if that fails, the waiter hears of it.
        self._empty_waiter = waiter
        if self.get_write_buffer_size() == 0 and not waiter.done():
            waiter.set_result(None)
        return waiter

    def _reset_empty_waiter(self) -> None:
        self._empty_waiter = None


class Acceptor(_Acceptor):
    """Accepts the connections of one listening socket and makes their transports.

    The engine keeps it alive as long as it watches the socket, which is the server's.
    """

    __slots__ = ()

    def __init__(
        self,
        loop: EventLoop,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        sock: socket.socket,
        server: asyncio.Server | None,
        backlog: int,
        context: Context | None = None,
    ) -> None:
        self.loop = loop
        self.factory = protocol_factory
        self.sock = sock
        self.server = server
        self.backlog = backlog
        self.server_context = context
        self._start(sock.fileno(), backlog)


def can_accept(sock: socket.socket) -> bool:
    """Tell whether the engine can accept the connections of a listening socket; it may have methods of its own."""
    return sock.family in _FAMILIES and is_plain(sock)


@functools.cache
def _closed_socket(family: int) -> socket.socket:
    """Return what stands for the sockets of connections that ended before anybody asked for them."""
    sock = socket.socket(family)
    sock.close()
    return sock


def _address(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except OSError:
        return None
