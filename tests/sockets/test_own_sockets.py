"""Sockets with methods of their own: whatever the program put in place of a socket's method is what is called."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import Awaitable, Callable
from typing import Any
from unittest import mock

import pytest

from support.certificates import client_context, server_context
from support.loops import run_idle
from support.protocols import BufferedRecorder, Recorder

_NOTED = (
    "accept",
    "close",
    "connect",
    "getpeername",
    "getsockname",
    "recv",
    "recv_into",
    "recvfrom",
    "recvfrom_into",
    "send",
    "sendmsg",
    "sendto",
    "shutdown",
)


def _noting(name: str) -> Callable[..., Any]:
    def method(self: Any, *arguments: Any, **keywords: Any) -> Any:
        self.noted.append(name)
        result = getattr(socket.socket, name)(self, *arguments, **keywords)
        if name == "accept":
            accepted = NotedSocket(fileno=result[0].detach())
            self.accepted.append(accepted)
            return accepted, result[1]
        return result

    return method


class NotedSocket(socket.socket):
    """A socket that notes which of its methods were called, and accepts sockets of its kind."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.setblocking(False)
        self.noted: list[str] = []
        self.accepted: list[NotedSocket] = []


for _name in _NOTED:
    setattr(NotedSocket, _name, _noting(_name))


class PlainSubclass(socket.socket):
    """A socket of another class with nothing of its own but an attribute."""

    label = "plain"


def noted_pair() -> tuple[NotedSocket, socket.socket]:
    """A noted socket and the plain one it is connected to."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    return NotedSocket(fileno=ours.detach()), theirs


async def _until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def _run(loop: asyncio.AbstractEventLoop, main: Awaitable[Any]) -> Any:
    return loop.run_until_complete(asyncio.wait_for(main, 10))


@pytest.mark.parametrize("protocol_class", [Recorder, BufferedRecorder])
def test_a_connection(each_loop: asyncio.AbstractEventLoop, protocol_class: Callable[[], Any]) -> None:
    async def main() -> None:
        transport, protocol = await each_loop.create_connection(protocol_class, sock=ours)
        transport.write(b"out")
        transport.writelines([b"put", b"s"])
        theirs.send(b"input")
        await _until(lambda: bytes(protocol.data) == b"input")
        assert await _received(theirs, 7) == b"outputs"
        transport.write_eof()
        transport.close()
        await protocol.until_lost()

    async def _received(sock: socket.socket, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += await each_loop.sock_recv(sock, 100)
        return data

    ours, theirs = noted_pair()
    with theirs:
        _run(each_loop, main())
    assert {"send", "shutdown", "close", "getpeername", "getsockname"} <= set(ours.noted)
    assert ("recv" if protocol_class is Recorder else "recv_into") in ours.noted


def test_what_its_methods_make_of_the_data(each_loop: asyncio.AbstractEventLoop) -> None:
    class Shouting(socket.socket):
        def recv(self, size: int, flags: int = 0) -> bytes:
            return super().recv(size, flags).upper()

        def send(self, data: Any, flags: int = 0) -> int:
            return super().send(bytes(data).upper(), flags)

    async def main() -> None:
        reader, writer = await asyncio.open_connection(sock=ours)
        theirs.send(b"quiet")
        assert await reader.read(100) == b"QUIET"
        writer.write(b"hush")
        await _until(lambda: writer.transport.get_write_buffer_size() == 0)
        assert await each_loop.sock_recv(theirs, 100) == b"HUSH"
        writer.close()
        await writer.wait_closed()

    plain, theirs = socket.socketpair()
    theirs.setblocking(False)
    ours = Shouting(fileno=plain.detach())
    with theirs:
        _run(each_loop, main())


def test_an_error_of_a_method(each_loop: asyncio.AbstractEventLoop) -> None:
    class Failing(NotedSocket):
        def recv(self, size: int, flags: int = 0) -> bytes:
            raise ConnectionAbortedError("from recv")

    async def main() -> None:
        _, protocol = await each_loop.create_connection(Recorder, sock=ours)
        theirs.send(b"x")
        await protocol.until_lost()
        assert str(protocol.losses[0]) == "from recv"

    plain, theirs = socket.socketpair()
    ours = Failing(fileno=plain.detach())
    with theirs:
        _run(each_loop, main())


def test_a_server(each_loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        server = await each_loop.create_server(
            lambda: Recorder(data_received=lambda protocol, data: protocol.transport.write(data)), sock=listener
        )
        async with server:
            client = socket.create_connection(listener.getsockname())
            with client:
                client.setblocking(False)
                await each_loop.sock_sendall(client, b"echo")
                assert await each_loop.sock_recv(client, 100) == b"echo"
            await _until(lambda: listener.accepted and "close" in listener.accepted[0].noted)

    listener = NotedSocket()
    listener.bind(("127.0.0.1", 0))
    _run(each_loop, main())
    assert "accept" in listener.noted
    assert {"recv", "send"} <= set(listener.accepted[0].noted)


def test_an_accepted_socket_of_the_caller(each_loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        transport, protocol = await each_loop.connect_accepted_socket(Recorder, ours)
        theirs.send(b"input")
        await _until(lambda: bytes(protocol.data) == b"input")
        transport.abort()
        await protocol.until_lost()

    ours, theirs = noted_pair()
    with theirs:
        _run(each_loop, main())
    assert {"recv", "close"} <= set(ours.noted)


def test_datagrams(each_loop: asyncio.AbstractEventLoop) -> None:
    class Datagrams(asyncio.DatagramProtocol):
        def __init__(self) -> None:
            self.received: list[bytes] = []

        def datagram_received(self, data: bytes, addr: Any) -> None:
            self.received.append(data)

    async def main() -> None:
        transport, protocol = await each_loop.create_datagram_endpoint(Datagrams, sock=ours)
        other.sendto(b"in", ours.getsockname())
        await _until(lambda: protocol.received)
        transport.sendto(b"out", other.getsockname())
        assert await each_loop.sock_recv(other, 100) == b"out"
        transport.close()
        await asyncio.sleep(0)

    ours = NotedSocket(type=socket.SOCK_DGRAM)
    ours.bind(("127.0.0.1", 0))
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        other.setblocking(False)
        _run(each_loop, main())
    run_idle(each_loop)
    assert {"recvfrom", "sendto", "close"} <= set(ours.noted)


def test_the_methods_for_plain_sockets(each_loop: asyncio.AbstractEventLoop) -> None:
    async def streams() -> None:
        with NotedSocket() as client:
            connecting = asyncio.ensure_future(each_loop.sock_connect(client, listener.getsockname()))
            server, _ = await each_loop.sock_accept(listener)
            await connecting
            with server:
                await each_loop.sock_sendall(client, b"x" * 10)
                assert await each_loop.sock_recv(server, 5) == b"x" * 5
                assert await each_loop.sock_recv_into(server, bytearray(5)) == 5
            noted.update(client.noted, server.noted)  # type: ignore[attr-defined]

    async def datagrams() -> None:
        with NotedSocket(type=socket.SOCK_DGRAM) as one, NotedSocket(type=socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            for _ in range(2):
                await each_loop.sock_sendto(one, b"datagram", other.getsockname())
            assert (await each_loop.sock_recvfrom(other, 100))[0] == b"datagram"
            assert (await each_loop.sock_recvfrom_into(other, bytearray(100)))[0] == 8
            noted.update(one.noted, other.noted)

    noted: set[str] = set()
    with NotedSocket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        _run(each_loop, streams())
        _run(each_loop, datagrams())
        noted.update(listener.noted)
    assert noted >= {"accept", "connect", "send", "recv", "recv_into", "sendto", "recvfrom", "recvfrom_into"}


@pytest.mark.parametrize("upgraded", [False, True], ids=["ssl", "start_tls"])
def test_tls(each_loop: asyncio.AbstractEventLoop, upgraded: bool) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(5))
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(echo, sock=listener, ssl=server_context())
        async with server:
            ours.connect(listener.getsockname())
            if upgraded:
                reader, writer = await asyncio.open_connection(sock=ours)
                await writer.start_tls(client_context(), server_hostname="localhost")
            else:
                reader, writer = await asyncio.open_connection(
                    sock=ours, ssl=client_context(), server_hostname="localhost"
                )
            writer.write(b"hello")
            assert await reader.read() == b"hello"
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            await _until(lambda: "close" in listener.accepted[0].noted)

    listener = NotedSocket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    ours = NotedSocket()
    ours.setblocking(True)
    _run(each_loop, main())
    run_idle(each_loop)
    for sock in (ours, listener.accepted[0]):
        assert {"send", "close"} <= set(sock.noted)
        assert {"recv", "recv_into"} & set(sock.noted)


def test_a_file_is_sent_behind_what_was_written(each_loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        transport, _ = await each_loop.create_connection(Recorder, sock=ours)
        transport.write(b"head ")
        assert await each_loop.sendfile(transport, file) == 4
        transport.write(b" tail")
        transport.close()
        data = b""
        while chunk := await each_loop.sock_recv(theirs, 100):
            data += chunk
        assert data == b"head body tail"

    ours, theirs = noted_pair()
    with theirs, tempfile.TemporaryFile() as file:
        file.write(b"body")
        file.seek(0)
        _run(each_loop, main())
    assert "send" in ours.noted


def test_methods_replaced_on_an_instance(each_loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        transport, protocol = await each_loop.create_connection(Recorder, sock=ours)
        theirs.send(b"x")
        await _until(lambda: bytes(protocol.data) == b"instance")
        transport.abort()
        await protocol.until_lost()

    plain, theirs = socket.socketpair()
    ours = PlainSubclass(fileno=plain.detach())
    ours.setblocking(False)
    received: list[bytes] = [b"instance"]

    def recv(size: int) -> bytes:
        socket.socket.recv(ours, size)
        return received.pop()

    ours.recv = recv  # type: ignore[method-assign, assignment]
    with theirs:
        _run(each_loop, main())


def test_methods_replaced_on_the_class_of_all_sockets(each_loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        with mock.patch.object(socket.socket, "recv", recv, create=True):
            _, protocol = await each_loop.create_connection(Recorder, sock=ours)
            theirs.send(b"x")
            await _until(lambda: protocol.data)
            assert protocol.data == b"class"
        protocol.transport.abort()
        await protocol.until_lost()

    def recv(sock: socket.socket, size: int) -> bytes:
        return b"class" if sock.recv_into(bytearray(size)) else b""

    ours, theirs = socket.socketpair()
    with theirs:
        _run(each_loop, main())


def test_a_class_without_methods_of_its_own_is_served_as_plain_sockets_are(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        transport, protocol = await loop.create_connection(Recorder, sock=ours)
        assert type(transport).__name__ == "StreamTransport"
        assert transport.get_extra_info("socket").fileno() == ours.fileno()
        transport.abort()
        await protocol.until_lost()

    plain, theirs = socket.socketpair()
    ours = PlainSubclass(fileno=plain.detach())
    with theirs:
        _run(loop, main())
    assert ours.fileno() == -1


def test_the_number_of_a_noted_socket_is_free_again(each_loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        for _ in range(3):
            ours, theirs = noted_pair()
            with theirs:
                _, protocol = await each_loop.create_connection(Recorder, sock=ours)
                with pytest.raises(RuntimeError, match="is used by transport"):
                    each_loop.add_reader(ours.fileno(), print)
                theirs.send(b"x")
                await protocol.until_received(1)
                protocol.transport.abort()
                await protocol.until_lost()
            plain, theirs = socket.socketpair()
            with plain, theirs:
                plain.setblocking(False)
                theirs.send(b"x")
                assert await each_loop.sock_recv(plain, 1) == b"x"

    _run(each_loop, main())
