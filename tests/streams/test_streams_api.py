"""asyncio's streams, readers and writers, on top of the loop's transports."""

from __future__ import annotations

import asyncio
import random
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from support.certificates import HOST, client_context, server_context
from support.streams import LARGE, assert_same_course, reports, reset_on_close, run, settle, socket_pair

_Serve: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
_Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _echo_lines(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def _open(kind: str, serve: _Serve, folder: Path) -> tuple[asyncio.Server, _Streams]:
    """A server and a client of it."""
    if kind == "unix":
        path = str(folder / "socket")
        server = await asyncio.start_unix_server(serve, path)
        return server, await asyncio.open_unix_connection(path)
    if kind == "tls":
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_context())
        address = server.sockets[0].getsockname()
        return server, await asyncio.open_connection(*address, ssl=client_context(), server_hostname=HOST)
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, await asyncio.open_connection(*server.sockets[0].getsockname())


@pytest.mark.parametrize("kind", ["tcp", "unix", "tls"])
def test_lines(each_loop: asyncio.AbstractEventLoop, kind: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        server, (reader, writer) = await _open(kind, _echo_lines, tmp_path)
        for length in (0, 1, 100, 60_000):
            line = b"x" * length + b"\n"
            writer.writelines([line[:50], line[50:] or b""] if length > 50 else [line])
            await writer.drain()
            assert await reader.readuntil(b"\n") == line
        writer.close()
        await writer.wait_closed()
        assert writer.is_closing()
        assert await reader.read() == b""
        server.close()
        await server.wait_closed()
        await settle()

    run(each_loop, scenario())


@pytest.mark.parametrize("kind", ["tcp", "unix", "tls"])
def test_much_data_under_flow_control(each_loop: asyncio.AbstractEventLoop, kind: str, tmp_path: Path) -> None:
    """The writer drains after each piece, so that little waits in the transport at any time."""
    pieces = [random.Random(seed).randbytes(40_000) for seed in range(120)]

    async def scenario() -> None:
        received = bytearray()
        most = 0
        finished = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(30_000):
                received.extend(data)
                await asyncio.sleep(0)
            writer.close()
            await writer.wait_closed()
            finished.set()

        server, (_, writer) = await _open(kind, serve, tmp_path)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            most = max(most, writer.transport.get_write_buffer_size())
        # The high-water mark, of which TLS has one of its own.
        assert most <= 600_000
        writer.close()
        await writer.wait_closed()
        await finished.wait()
        assert received == b"".join(pieces)
        server.close()
        await settle()

    run(each_loop, scenario())


def test_the_end_of_the_stream(each_loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    async def scenario() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            everything = await reader.read()
            writer.write(everything[::-1])
            writer.close()
            await writer.wait_closed()

        server, (reader, writer) = await _open("tcp", serve, tmp_path)
        assert writer.can_write_eof()
        writer.write(b"abc")
        writer.write_eof()
        assert await reader.read() == b"cba"
        assert reader.at_eof()
        writer.close()
        await writer.wait_closed()
        server.close()
        await settle()

    run(each_loop, scenario())


def test_exactly_so_much(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        ours, peer = socket_pair()
        with peer:
            reader, writer = await asyncio.open_connection(sock=ours)
            peer.send(b"0123456789")
            assert await reader.readexactly(4) == b"0123"
            peer.shutdown(socket.SHUT_WR)
            with pytest.raises(asyncio.IncompleteReadError) as raised:
                await reader.readexactly(10)
            assert raised.value.partial == b"456789"
            writer.close()
            await writer.wait_closed()

    run(each_loop, scenario())


def test_a_reader_that_is_full_pauses_the_transport(each_loop: asyncio.AbstractEventLoop) -> None:
    """Twice its limit; it resumes when it is read down to the limit."""

    async def scenario() -> None:
        ours, peer = socket_pair()
        with peer:
            reader, writer = await asyncio.open_connection(sock=ours, limit=10_000)
            transport = writer.transport
            sending = asyncio.create_task(each_loop.sock_sendall(peer, b"x" * LARGE))
            while transport.is_reading():  # type: ignore[attr-defined]
                await asyncio.sleep(0)
            await settle()
            assert not transport.is_reading()  # type: ignore[attr-defined]
            assert not sending.done()
            assert await reader.readexactly(LARGE) == b"x" * LARGE
            await sending
            writer.close()
            await writer.wait_closed()

    run(each_loop, scenario())


def test_a_line_that_is_too_long(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        ours, peer = socket_pair()
        with peer:
            reader, writer = await asyncio.open_connection(sock=ours, limit=100)
            peer.send(b"x" * 1000 + b"\nshort\n")
            with pytest.raises(ValueError, match="limit"):
                await reader.readline()
            writer.close()
            await writer.wait_closed()

    run(each_loop, scenario())


@pytest.mark.parametrize("ending", ["reset", "close"])
def test_drain_after_the_loss_of_the_peer(ending: str) -> None:
    """Waiting for a peer that goes away fails, and so does each drain after it."""

    async def scenario() -> object:
        ours, peer = socket_pair("tcp")
        _, writer = await asyncio.open_connection(sock=ours)
        writer.write(bytes(LARGE))
        draining = asyncio.ensure_future(writer.drain())
        await settle()
        if ending == "reset":
            reset_on_close(peer)
        peer.close()
        raised = []
        for attempt in (draining, writer.drain(), writer.wait_closed()):
            try:
                await attempt
            except ConnectionError as error:
                raised.append(isinstance(error, ConnectionResetError | BrokenPipeError))
        writer.close()
        await settle()
        return raised

    assert "True" in assert_same_course(scenario)


def test_a_read_after_a_reset() -> None:
    async def scenario() -> object:
        ours, peer = socket_pair("tcp")
        reader, writer = await asyncio.open_connection(sock=ours)
        reset_on_close(peer)
        peer.close()
        with pytest.raises(ConnectionResetError) as raised:
            await reader.read(10)
        writer.close()
        with pytest.raises(ConnectionResetError):
            await writer.wait_closed()
        return str(raised.value)

    assert_same_course(scenario)


def test_a_task_that_serves_and_fails(each_loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    """It is reported; from 3.12 on its connection is closed as well."""

    async def scenario() -> None:
        async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if sys.version_info < (3, 12):
                writer.close()
            raise ZeroDivisionError("expected")

        with reports(each_loop) as reported:
            server, (reader, writer) = await _open("tcp", serve, tmp_path)
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()
            server.close()
            await settle()
        if sys.version_info >= (3, 12):
            assert [report.exception for report in reported] == ["ZeroDivisionError: expected"]

    run(each_loop, scenario())


def test_drain_gives_others_a_turn() -> None:
    """A writer whose transport is closing yields once, so that its loss is noticed."""

    async def scenario() -> object:
        ours, peer = socket_pair()
        with peer:
            _, writer = await asyncio.open_connection(sock=ours)
            turns: list[int] = []
            handle = asyncio.get_running_loop().call_soon(turns.append, 1)
            await writer.drain()
            first = list(turns)
            writer.close()
            await asyncio.gather(writer.drain(), return_exceptions=True)
            await writer.wait_closed()
            handle.cancel()
            return first, turns

    assert_same_course(scenario)


def test_many_clients(each_loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    async def scenario() -> None:
        async def ask(number: int) -> None:
            reader, writer = await asyncio.open_unix_connection(path)
            for round_number in range(5):
                line = b"%d of %d\n" % (round_number, number)
                writer.write(line)
                await writer.drain()
                assert await reader.readline() == line
            writer.close()
            await writer.wait_closed()

        path = str(tmp_path / "socket")
        server = await asyncio.start_unix_server(_echo_lines, path)
        await asyncio.gather(*(ask(number) for number in range(50)))
        server.close()
        await server.wait_closed()
        await settle()

    run(each_loop, scenario())


@pytest.mark.parametrize("kind", ["tcp", "tls"])
def test_debug_mode(each_loop: asyncio.AbstractEventLoop, kind: str, tmp_path: Path) -> None:
    """Everything works as without it, and nothing is reported."""

    async def scenario() -> None:
        each_loop.set_debug(True)
        each_loop.slow_callback_duration = 60
        server, (reader, writer) = await _open(kind, _echo_lines, tmp_path)
        for length in (1, 50_000):
            line = b"x" * length + b"\n"
            writer.write(line)
            await writer.drain()
            assert await reader.readuntil(b"\n") == line
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()
        await settle()

    run(each_loop, scenario())
