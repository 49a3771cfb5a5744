"""The event loop class: everything per connection, per server and per loop is asyncio's own code, inherited.

It replaces private methods of asyncio's, as the modules of its base classes do. Other private names are in ``_stock``.

What it needs of this package is imported with it, before the first loop exists: later there may be no file to import
from, after a ``chroot`` for example, and no descriptor to read one with.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import signal
import threading
import weakref

from . import _callbacks, _collector, _datagrams, _engine, _streams, _tls
from ._names import NameMethods
from ._plain_sockets import is_plain
from ._processes import ProcessMethods
from ._self_pipe import PipeEnd
from ._servers import ServerMethods
from ._sockets import SocketMethods
from ._tasks import TaskMethods

TYPE_CHECKING = False  # not from typing, which is dear to import
if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Mapping
    from typing import Any

# Attributes that inherited code sets and the engine must know.
_FOLLOWED = frozenset({"_closed", "_debug", "_forever", "_internal_fds", "_stopping"})
# Methods that the engine calls, or does itself what they do, and that a program may replace by its own.
_REPLACEABLE = frozenset({"time", "call_at"})

_NO_DESCRIPTOR = -1

# The loops of the main thread that run and have signals written to them; the last one began last.
_claiming: list[EventLoop] = []


class _ReadyQueue:
    """What inherited code takes for the deque of callbacks that are ready to run."""

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop

    def append(self, handle: asyncio.Handle) -> None:
        self._loop._enqueue(handle)

    def clear(self) -> None:
        self._loop._clear()

    def __len__(self) -> int:
        return self._loop._ready_count()


class _Selector:
    """What inherited code takes for its selector: a view of what the engine's own poller watches."""

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop

    def get_key(self, file: Any) -> selectors.SelectorKey:
        """Return what a file is watched for and the handles that run then.

        Raises:
            KeyError: it is not watched.
            ValueError: it has no descriptor.
        """
        descriptor = _callbacks.descriptor_of(self._loop, file)
        reader, writer = self._loop._reader(descriptor), self._loop._writer(descriptor)
        events = (selectors.EVENT_READ if reader else 0) | (selectors.EVENT_WRITE if writer else 0)
        if not events:
            raise KeyError(f"{file!r} is not registered")
        return selectors.SelectorKey(file, descriptor, events, (reader, writer))

    def close(self) -> None:
        self._loop._release()


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


class EventLoop(NameMethods, SocketMethods, TaskMethods, ServerMethods, ProcessMethods):
    """asyncio's selector event loop with its scheduling and polling done in Java.

    A loop may be made in one thread and run in another; apart from ``call_soon_threadsafe``, which any thread may call,
    it belongs to the thread that runs it, as every asyncio loop does.
    """

    # Not in the dict: with more than 30 attributes in there, every access to the loop would become slower.
    __slots__ = ("_children", "_forever", "_listening", "_outer_wakeup", "_watched_files")

    def __init__(self) -> None:
        """Make a loop.

        Raises:
            OSError: descriptors are exhausted.
            RuntimeError: the loop is initialized already; or the engine is a JVM that does not work any more, because
                this process is the fork of one or because its files were closed.
        """
        _engine.runtime.prepare()
        self._init()
        try:
            self._watched_files: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
            self._children = {}
            self._listening = {}
            self._outer_wakeup: int | EventLoop = _NO_DESCRIPTOR
            self._forever = False
            self._follow("time", replaced=False)
            self._follow("call_at", replaced=False)
            super().__init__(_Selector(self))
            self._ready = _ReadyQueue(self)
            self._transports = _Transports(self)
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
        claimed = self._claim_wakeup_fd()
        self._forever = True
        try:
            super().run_forever()
        finally:
            self._forever = False
            if claimed:
                self._return_wakeup_fd()

    def remove_signal_handler(self, sig: int) -> bool:
        """Remove the handler of a signal; return whether there was one.

        Raises:
            TypeError: the signal is not an int.
            ValueError: there is no such signal.
            RuntimeError: the signal cannot be caught.
        """
        removed = super().remove_signal_handler(sig)
        if removed and not self._signal_handlers and self._forever:
            # Given up with the last handler, but this loop is still running.
            signal.set_wakeup_fd(self._wakeup_fd(), warn_on_full_buffer=False)
        return removed

    def _make_socket_transport(
        self,
        sock: socket.socket,
        protocol: asyncio.BaseProtocol,
        waiter: asyncio.Future[None] | None = None,
        *,
        extra: Mapping[str, Any] | None = None,
        server: asyncio.Server | None = None,
    ) -> asyncio.Transport:
        if not is_plain(sock):
            return super()._make_socket_transport(sock, protocol, waiter, extra=extra, server=server)
        self._ensure_fd_no_transport(sock)
        return _streams.StreamTransport(self, sock, protocol, waiter, extra, server)

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
        **timeouts: float | None,
    ) -> asyncio.Transport:
        if not is_plain(rawsock):
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
            )
        self._ensure_fd_no_transport(rawsock)
        ssl_protocol = _tls.SSLProtocol(self, protocol, sslcontext, waiter, server_side, server_hostname, **timeouts)
        _streams.StreamTransport(self, rawsock, ssl_protocol, extra=extra, server=server)
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
        upgraded = await super().start_tls(
            transport,
            protocol,
            sslcontext,
            server_side=server_side,
            server_hostname=server_hostname,
            ssl_handshake_timeout=ssl_handshake_timeout,
            ssl_shutdown_timeout=ssl_shutdown_timeout,
        )
        _tls.adopt(upgraded)
        return upgraded

    def _make_datagram_transport(
        self,
        sock: socket.socket,
        protocol: asyncio.DatagramProtocol,
        address: Any = None,
        waiter: asyncio.Future[None] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> asyncio.DatagramTransport:
        if not _datagrams.can_serve(sock):
            return super()._make_datagram_transport(sock, protocol, address, waiter, extra)
        self._ensure_fd_no_transport(sock)
        return _datagrams.DatagramTransport(self, sock, protocol, address, waiter, extra)

    def _start_serving(
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        sock: socket.socket,
        sslcontext: ssl.SSLContext | None = None,
        server: asyncio.Server | None = None,
        backlog: int = 100,
        *timeouts: float | None,
    ) -> None:
        self._note_listening(server)
        if sslcontext is None and not self._debug and _streams.can_accept(sock):
            _streams.Acceptor(self, protocol_factory, sock, server, backlog)
        else:
            # With a backlog of none the asyncio of older Pythons accepts nothing, and spins.
            super()._start_serving(protocol_factory, sock, sslcontext, server, max(backlog, 1), *timeouts)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in _FOLLOWED:
            self._set(name, value)
        elif name in _REPLACEABLE:
            self._follow(name, replaced=True)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name in _REPLACEABLE:
            self._follow(name, replaced=False)

    def __del__(self) -> None:
        # Without a completed __init__ there is nothing to close, and without an engine nothing to close it with.
        if "_closed" in self.__dict__ and not _engine.runtime.forked():
            try:
                super().__del__()
            finally:
                self._release()

    def _follow(self, method: str, *, replaced: bool) -> None:
        # Not by a look at __dict__: that would turn the attributes into a real dict and slow every access to the loop.
        self._set(method, replaced or getattr(type(self), method) is not getattr(_engine.EventLoop, method))

    def _claim_wakeup_fd(self) -> bool:
        """Have signals written to the self-pipe while the main thread's loop runs; return whether it is that thread's.

        Any thread of the process may take a signal. Without this the poll would sleep on when it is another's.
        """
        if threading.current_thread() is not threading.main_thread():
            return False
        ours = self._wakeup_fd()
        previous = signal.set_wakeup_fd(ours, warn_on_full_buffer=False)
        # A loop in which this one runs is known as such: its descriptor may be closed before this one ends.
        self._outer_wakeup = next(
            (loop for loop in _claiming if loop._wakeup_fd() == previous),
            _NO_DESCRIPTOR if previous == ours else previous,
        )
        _claiming.append(self)
        return True

    def _return_wakeup_fd(self) -> None:
        _claiming.remove(self)
        current = signal.set_wakeup_fd(_NO_DESCRIPTOR)
        if current != self._wakeup_fd():
            signal.set_wakeup_fd(current)  # set by the program while the loop ran, or by a loop that still runs
        elif self._signal_handlers:
            signal.set_wakeup_fd(current)  # its signal handlers stay in force between runs
        else:
            signal.set_wakeup_fd(self._outer_wakeup_fd())

    def _outer_wakeup_fd(self) -> int:
        """Return who had the signals before: the program, or a loop that still runs. Loops may end in any order."""
        outer = self._outer_wakeup
        while isinstance(outer, EventLoop):
            if outer in _claiming:
                return outer._wakeup_fd()
            outer = outer._outer_wakeup
        return outer

    def _wakeup_fd(self) -> int:
        return _NO_DESCRIPTOR if self._csock is None else self._csock.fileno()

    def _make_self_pipe(self) -> None:
        self._ssock, self._csock = map(PipeEnd, self._self_pipe())
        self._add_reader(self._ssock.fileno(), self._read_from_self)
        self._internal_fds += 1

    def _process_self_data(self, data: bytes) -> None:
        outer = self._outer_wakeup_fd()
        if outer != _NO_DESCRIPTOR:
            try:
                os.write(outer, data)
            except BlockingIOError:
                pass  # Full: whoever reads it learns of signals all the same, and this one may be the last it lacks.
            except OSError:
                self._outer_wakeup = _NO_DESCRIPTOR
        super()._process_self_data(data)


_collector.install()
_engine.runtime.loop_class_defined(EventLoop)
