"""The event loop class. It inherits asyncio's own code for what happens per connection, per server and per loop.

It replaces private methods of asyncio's, as the modules of its base classes do. Other private names are in ``_stock``.

This module imports all that a loop needs of the package, before the first loop exists. Later there may be no file to
import from, after a ``chroot`` for example, and no descriptor to read one with.
"""

from __future__ import annotations

import asyncio
import weakref

from . import _engine, _stock
from ._for_engine import views
from ._methods.names import NameMethods
from ._methods.outside import OutsideMethods, remember_methods
from ._methods.processes import ProcessMethods
from ._methods.servers import ServerMethods
from ._methods.signals import PipeEnd, SignalMethods
from ._methods.sockets import SocketMethods
from ._observe.state import Observation, is_monitored
from ._start import collector
from ._transports import datagrams, streams, tls
from ._transports.plain_sockets import is_plain

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Mapping
    from contextvars import Context
    from typing import Any

_NO_DESCRIPTOR = -1


class _Transports:
    """What inherited code takes for its table of transports by descriptor.

    The engine knows its own; those of asyncio are kept here.
    """

    def __init__(self, loop: EventLoop) -> None:
        self._loop = weakref.proxy(loop)
        self._others: weakref.WeakValueDictionary[int, asyncio.BaseTransport] = weakref.WeakValueDictionary()
        self._hidden: set[int] = set()  # while inherited code works on the transport's socket directly

    def get(self, descriptor: int) -> Any:
        if descriptor in self._hidden:
            return None
        return self._loop._transport(descriptor) or self._others.get(descriptor)

    def __getitem__(self, descriptor: int) -> Any:
        transport = self.get(descriptor)
        if transport is None:
            raise KeyError(descriptor)
        return transport

    def __setitem__(self, descriptor: int, transport: asyncio.BaseTransport) -> None:
        self._hidden.discard(descriptor)
        if self._loop._transport(descriptor) is not transport:
            self._others[descriptor] = transport
            self._loop._set("_foreign_transports", True)

    def __delitem__(self, descriptor: int) -> None:
        self._hidden.add(descriptor)


class EventLoop(OutsideMethods, SignalMethods, NameMethods, SocketMethods, ServerMethods, ProcessMethods):
    """asyncio's selector event loop with its scheduling and polling done in Java.

    A loop may be made in one thread and run in another; apart from ``call_soon_threadsafe``, which any thread may call,
    it belongs to the thread that runs it, as every asyncio loop does.
    """

    # Not in the dict: with more than 30 attributes in there, every access to the loop would become slower.
    __slots__ = (
        "_children",
        "_forever",
        "_handed_over",
        "_listening",
        "_observed",
        "_outer_wakeup",
        "_replaced",
        "_untouched",
        "_watched_files",
        "_watching",
    )

    if _engine.runtime.NAME == "native":
        # Every future and task asks, from C: there the library's method costs less than one of Python's, a JVM's more.
        get_debug = _engine.EventLoop._get_debug

    def __init__(self, *, slow_callback_threshold: float | None = None, stall_threshold: float | None = None) -> None:
        """Make a loop.

        Args:
            slow_callback_threshold: see the attribute; None leaves it to ``PYLOOP_SLOW_CALLBACK``.
            stall_threshold: see the attribute; None leaves it to ``PYLOOP_STALL``.

        Raises:
            OSError: descriptors are exhausted.
            RuntimeError: the loop is initialized already; or the engine is a JVM that does not work any more, because
                this process is the fork of one or because its files were closed.
            ValueError: a threshold is not a positive number, be it an argument or in the environment.
        """
        _engine.runtime.prepare()
        self._init()
        try:
            self._watching = self._handed_over = False
            self._replaced = set()
            self._untouched = True
            self._watched_files: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
            self._children = {}
            self._listening = {}
            self._outer_wakeup = _NO_DESCRIPTOR
            self._forever = False
            self._observed = Observation()
            super().__init__(views.Selector(self))
            self._ready = views.ReadyQueue(self)
            self._scheduled = views.Timers(self)
            self._transports = _Transports(self)
            self._watching = True
            self._look_from_outside()
            self._observe(slow_callback_threshold, stall_threshold)
            if is_monitored():
                from . import monitor  # noqa: PLC0415 - most programs have none

                monitor.serve()
            _engine.runtime.loop_made(self)
        except BaseException:
            self._closed = True
            self._release()
            raise

    def run_forever(self) -> None:
        """Run until ``stop()`` is called.

        Raises:
            RuntimeError: the loop is closed or running, or another loop is running in this thread; or the engine is a
                JVM, and this is a greenlet.
        """
        self._check_closed()
        self._check_running()
        _engine.runtime.prepare()
        _engine.runtime.before_run()
        self._forever = True
        try:
            super().run_forever()
        finally:
            self._forever = False
            self._end_watch()

    def close(self) -> None:
        """Close the loop, which must not run.

        Raises:
            RuntimeError: it runs.
        """
        if not (self._closed or self.is_running()):
            self._keep_metrics()
        super().close()
        # Nothing becomes ready any more; without this a closed loop would be a cycle, which waits for the collector.
        self._drop_views()

    def _make_socket_transport(
        self,
        sock: socket.socket,
        protocol: asyncio.BaseProtocol,
        waiter: asyncio.Future[None] | None = None,
        *,
        extra: Mapping[str, Any] | None = None,
        server: asyncio.Server | None = None,
        context: Context | None = None,
    ) -> asyncio.Transport:
        if not is_plain(sock):
            given = {} if context is None else {"context": context}  # a parameter of 3.15's
            return super()._make_socket_transport(sock, protocol, waiter, extra=extra, server=server, **given)
        self._ensure_fd_no_transport(sock)
        if server is not None:
            self._note_accepted()
        return streams.StreamTransport(self, sock, protocol, waiter, extra, server, context)

    def _make_ssl_transport(
        self,
        rawsock: socket.socket,
        protocol: asyncio.BaseProtocol,
        sslcontext: ssl.SSLContext,
        waiter: asyncio.Future[None] | None = None,
        *,
        server_side: bool = False,
        server_hostname: str | None = None,
        extra: Mapping[str, Any] | None = None,
        server: asyncio.Server | None = None,
        context: Context | None = None,
        **timeouts: float | None,
    ) -> asyncio.Transport:
        if not is_plain(rawsock):
            given = {} if context is None else {"context": context}
            return super()._make_ssl_transport(
                rawsock,
                protocol,
                sslcontext,
                waiter,
                server_side=server_side,
                server_hostname=server_hostname,
                extra=extra,
                server=server,
                **timeouts,
                **given,
            )
        self._ensure_fd_no_transport(rawsock)
        if server is not None:
            self._note_accepted()
        ssl_protocol = tls.SSLProtocol(self, protocol, sslcontext, waiter, server_side, server_hostname, **timeouts)
        streams.StreamTransport(self, rawsock, ssl_protocol, extra=extra, server=server, context=context)
        return ssl_protocol._app_transport  # type: ignore[return-value]

    async def start_tls(
        self,
        transport: asyncio.BaseTransport,
        protocol: asyncio.BaseProtocol,
        sslcontext: ssl.SSLContext,
        *,
        server_side: bool = False,
        server_hostname: str | None = None,
        ssl_handshake_timeout: float | None = None,
        ssl_shutdown_timeout: float | None = None,
    ) -> asyncio.Transport | None:
        """Upgrade a connection to TLS.

        Raises:
            OSError: the connection or the handshake failed.
            TypeError: it is no transport that can be upgraded, or no context.
            ValueError: a time-out is not positive.
        """
        if server_side:
            tls.hand_over(self, transport, protocol)
        upgraded = await super().start_tls(
            transport,
            protocol,
            sslcontext,
            server_side=server_side,
            server_hostname=server_hostname,
            ssl_handshake_timeout=ssl_handshake_timeout,
            ssl_shutdown_timeout=ssl_shutdown_timeout,
        )
        tls.adopt(upgraded)
        return upgraded

    def _make_datagram_transport(
        self,
        sock: socket.socket,
        protocol: asyncio.DatagramProtocol,
        address: Any = None,
        waiter: asyncio.Future[None] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> asyncio.DatagramTransport:
        if not datagrams.can_serve(sock):
            return super()._make_datagram_transport(sock, protocol, address, waiter, extra)
        self._ensure_fd_no_transport(sock)
        return datagrams.transport_class(sock)(self, sock, protocol, address, waiter, extra)

    def _start_serving(
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        sock: socket.socket,
        sslcontext: ssl.SSLContext | None = None,
        server: asyncio.Server | None = None,
        backlog: int = 100,
        ssl_handshake_timeout: float | None = _stock.constants.SSL_HANDSHAKE_TIMEOUT,
        ssl_shutdown_timeout: float | None = _stock.constants.SSL_SHUTDOWN_TIMEOUT,
        context: Context | None = None,
    ) -> None:
        self._note_listening(server)
        if sslcontext is None and not self._debug and streams.can_accept(sock):
            streams.Acceptor(self, protocol_factory, sock, server, backlog, context)
        else:
            # With a backlog of none the asyncio of older Pythons accepts nothing, and spins.
            backlog = max(backlog, 1)
            timeouts = ssl_handshake_timeout, ssl_shutdown_timeout
            given = () if context is None else (context,)  # a parameter of 3.15's
            super()._start_serving(protocol_factory, sock, sslcontext, server, backlog, *timeouts, *given)

    def __del__(self) -> None:
        # Without a completed __init__ there is nothing to close, and without an engine nothing to close it with.
        runtime = getattr(_engine, "runtime", None)
        if "_closed" in self.__dict__ and runtime is not None and not runtime.forked():
            try:
                super().__del__()
            finally:
                self._release()

    def _make_self_pipe(self) -> None:
        self._ssock, self._csock = map(PipeEnd, self._self_pipe())
        self._add_reader(self._ssock.fileno(), self._read_from_self)
        self._internal_fds += 1


remember_methods(EventLoop)
collector.install(_engine.EventLoop)
_engine.runtime.loop_class_defined(EventLoop, (*streams.ENGINE_CLASSES, *datagrams.ENGINE_CLASSES))
