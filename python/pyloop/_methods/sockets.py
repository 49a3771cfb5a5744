"""The loop's methods for plain sockets. They try at once and, if the system says "not now", again when it is ready.

Java waits. The coroutine reads, accepts or sends here, when it goes on. So a coroutine that is cancelled after the
socket became ready has read, accepted and sent nothing.
"""

from __future__ import annotations

import socket

from pyloop import _engine, _stock

from . import sendfile

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from typing_extensions import Buffer

    _T = TypeVar("_T")

_READ, _WRITE = 1, 2  # as the engine names them
_NOT_NOW = (BlockingIOError, InterruptedError)
_Socket = socket.socket


class SocketMethods(_engine.EventLoop, _stock.SelectorEventLoop):
    """A part of the event loop class."""

    __slots__ = ()

    async def sock_recv(self, sock: socket.socket, n: int) -> bytes:
        """Receive up to ``n`` bytes; none at the end of the stream."""
        if self._debug or type(sock) is not _Socket:
            self._check_socket(sock)
        try:
            return sock.recv(n)
        except _NOT_NOW:
            pass
        return await self._when_ready(_READ, sock, lambda: sock.recv(n))

    async def sock_recv_into(self, sock: socket.socket, buf: Buffer) -> int:
        """Receive into a buffer; return how many bytes, zero at the end of the stream."""
        if self._debug or type(sock) is not _Socket:
            self._check_socket(sock)
        try:
            return sock.recv_into(buf)
        except _NOT_NOW:
            pass
        return await self._when_ready(_READ, sock, lambda: sock.recv_into(buf))

    async def sock_recvfrom(self, sock: socket.socket, bufsize: int) -> tuple[bytes, Any]:
        """Receive a datagram of up to ``bufsize`` bytes; return it and the address it came from."""
        if self._debug or type(sock) is not _Socket:
            self._check_socket(sock)
        try:
            return sock.recvfrom(bufsize)
        except _NOT_NOW:
            pass
        return await self._when_ready(_READ, sock, lambda: sock.recvfrom(bufsize))

    async def sock_recvfrom_into(self, sock: socket.socket, buf: Any, nbytes: int = 0) -> tuple[int, Any]:
        """Receive a datagram into a buffer; return its size and the address it came from."""
        if self._debug or type(sock) is not _Socket:
            self._check_socket(sock)
        if not nbytes:
            nbytes = len(buf)
        try:
            return sock.recvfrom_into(buf, nbytes)
        except _NOT_NOW:
            pass
        return await self._when_ready(_READ, sock, lambda: sock.recvfrom_into(buf, nbytes))

    async def sock_sendall(self, sock: socket.socket, data: Buffer) -> None:
        """Send all of ``data``. After an error or a cancellation nobody knows how much of it was sent."""
        if self._debug or type(sock) is not _Socket:
            self._check_socket(sock)
        try:
            sent = sock.send(data)
        except _NOT_NOW:
            sent = 0
        if type(data) is bytes and sent == len(data):
            return
        view = memoryview(data)
        if sent == view.nbytes:
            # Also because there is no casting a view of no bytes that has several dimensions.
            return
        view = view.cast("B")

        def send_rest() -> int:
            return sock.send(view[sent:])

        while sent < len(view):
            sent += await self._when_ready(_WRITE, sock, send_rest)

    async def sock_sendto(self, sock: socket.socket, data: Buffer, address: Any) -> int:
        """Send a datagram to an address; return how many bytes were sent."""
        if self._debug or type(sock) is not _Socket:
            self._check_socket(sock)
        try:
            return sock.sendto(data, address)
        except _NOT_NOW:
            pass
        return await self._when_ready(_WRITE, sock, lambda: sock.sendto(data, 0, address))

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Connect to an address; one of TCP or UDP is resolved first.

        Raises:
            OSError: the connection failed.
        """
        if self._debug or type(sock) is not _Socket:
            self._check_socket(sock)
        if sock.family in _stock.INTERNET_FAMILIES:
            resolved = await self._ensure_resolved(
                address, family=sock.family, type=sock.type, proto=sock.proto, loop=self
            )
            address = resolved[0][4]
        try:
            sock.connect(address)
        except _NOT_NOW:
            # After EINTR too the system goes on connecting by itself.
            pass
        else:
            return
        await self._when_ready(_WRITE, sock, lambda: _check_connected(sock, address))

    async def sock_accept(self, sock: socket.socket) -> tuple[socket.socket, Any]:
        """Accept a connection; return its socket, which does not block, and the address of the peer."""
        if self._debug or type(sock) is not _Socket:
            self._check_socket(sock)
        try:
            return _accept(sock)
        except _NOT_NOW:
            pass
        return await self._when_ready(_READ, sock, lambda: _accept(sock))

    async def _sock_sendfile_native(self, sock: socket.socket, file: Any, offset: int, count: int | None) -> int:
        """Have the system send a file, a part of it whenever there is room; asyncio's ``sock_sendfile`` has checked it.

        Raises:
            asyncio.SendfileNotAvailableError: the system cannot send it.
        """
        sending = sendfile.Sendfile(sock, file, offset, count)
        if sending.is_empty():
            return 0
        try:
            try:
                ended = sending.send()
            except _NOT_NOW:
                ended = False
            # Even if that was all, others get their turn, as on asyncio.
            while not ended:
                ended = await self._when_ready(_WRITE, sock, sending.send)
        finally:
            sending.leave()
        return sending.sent

    def _check_socket(self, sock: socket.socket) -> None:
        _stock.base_events._check_ssl_socket(sock)
        if self._debug and sock.gettimeout() != 0:
            raise ValueError("the socket must be non-blocking")

    async def _when_ready(self, kind: int, sock: socket.socket, attempt: Callable[[], _T]) -> _T:
        """Make an attempt whenever the socket is ready, until one is not told to come again.

        It looks the socket's method up each time: a program may have replaced it meanwhile.

        Raises:
            RuntimeError: the loop is closed, or the socket belongs to a transport.
        """
        descriptor = sock.fileno()
        while True:
            ready: Any = self.create_future()
            self._watch_once(descriptor, kind, ready)
            try:
                await ready
            except BaseException:
                # By its own future, because the number may be another socket's by now.
                self._unwatch_once(descriptor, kind, ready)
                raise
            try:
                return attempt()
            except _NOT_NOW:
                pass


def _accept(sock: socket.socket) -> tuple[socket.socket, Any]:
    connection, address = sock.accept()
    connection.setblocking(False)
    return connection, address


def _check_connected(sock: socket.socket, address: Any) -> None:
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, f"Connect call failed {address}")
