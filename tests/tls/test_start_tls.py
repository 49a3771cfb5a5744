"""Connections that begin without TLS and go on with it, at either end, and TLS inside TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest

from support.certificates import HOST, client_context, server_context
from support.protocols import AnyRecorder, BufferedRecorder, Recorder
from support.streams import (
    LARGE,
    assert_same_course,
    closed,
    is_closed,
    opened,
    receive_all,
    reports,
    run,
    send,
    settle,
    skip_fault,
    socket_pair,
)

_SHORT_SECONDS: Final = 0.05


@asynccontextmanager
async def _upgraded(
    client: AnyRecorder, server: AnyRecorder, *, talk_first: bool = False
) -> AsyncIterator[tuple[asyncio.Transport, asyncio.Transport]]:
    """Both ends of a connection on this loop, after both have begun TLS on it."""
    loop = asyncio.get_running_loop()
    ours, theirs = socket_pair()
    plain, _ = await loop.connect_accepted_socket(lambda: client, ours)
    other, _ = await loop.connect_accepted_socket(lambda: server, theirs)
    if talk_first:
        plain.write(b"without")
        other.write(b"without")
        await client.until_received(7)
        await server.until_received(7)
    secured = await asyncio.gather(
        loop.start_tls(plain, client, client_context(), server_hostname=HOST),
        loop.start_tls(other, server, server_context(), server_side=True),
    )
    assert all(transport is not None for transport in secured)
    ends = [transport for transport in secured if transport is not None]
    # A protocol is not told of its new transport.
    client.transport, server.transport = ends
    try:
        yield ends[0], ends[1]
    finally:
        # Not those of TLS, which fail in 3.11.2 when they were closed twice.
        for end in (plain, other):
            if not is_closed(end):
                end.abort()
            await closed(end)


@pytest.mark.parametrize("kind", [Recorder, BufferedRecorder])
@pytest.mark.parametrize("talk_first", [False, True])
def test_an_upgrade_at_both_ends(
    each_loop: asyncio.AbstractEventLoop,
    kind: type[AnyRecorder],
    talk_first: bool,
) -> None:
    async def scenario() -> None:
        client, server = kind(), kind()
        async with _upgraded(client, server, talk_first=talk_first) as (near, far):
            client.data.clear()
            server.data.clear()
            near.write(b"from the client")
            far.write(b"x" * LARGE)
            await server.until_received(15)
            await client.until_received(LARGE)
            assert server.data == b"from the client"
            assert client.data == b"x" * LARGE
            assert near.get_extra_info("ssl_object").version() == far.get_extra_info("ssl_object").version()
            near.close()
            await client.until_lost()
            await server.until_lost()
            assert client.losses == server.losses == [None]
            assert client.events.count("connection_made") == 1

    run(each_loop, scenario())


def test_tls_within_tls(each_loop: asyncio.AbstractEventLoop) -> None:
    """As through a proxy that is reached by TLS itself."""

    async def scenario() -> None:
        client, server = Recorder(), Recorder()
        async with _upgraded(client, server) as (near, far):
            inner = await asyncio.gather(
                each_loop.start_tls(near, client, client_context(), server_hostname=HOST),
                each_loop.start_tls(far, server, server_context(), server_side=True),
            )
            inner_near, inner_far = inner
            assert inner_near is not None
            assert inner_far is not None
            client.transport, server.transport = inner_near, inner_far
            for size in (10, LARGE):
                client.data.clear()
                server.data.clear()
                inner_near.write(b"c" * size)
                inner_far.write(b"s" * size)
                await client.until_received(size)
                await server.until_received(size)
                assert (bytes(client.data), bytes(server.data)) == (b"s" * size, b"c" * size)
            inner_near.close()
            await client.until_lost()
            await server.until_lost()

    run(each_loop, scenario())


def test_what_arrives_with_the_request_to_upgrade(each_loop: asyncio.AbstractEventLoop) -> None:
    """The client's hello may come in the same packet as its last words without TLS."""

    async def scenario() -> None:
        upgrades: list[asyncio.Task[Any]] = []
        secured = Recorder()

        def upgrade(recorder: AnyRecorder, _data: bytes) -> None:
            # The rest must be left to TLS: reading pauses within this very call.
            recorder.transport.pause_reading()
            upgrades.append(
                each_loop.create_task(
                    each_loop.start_tls(recorder.transport, secured, server_context(), server_side=True)
                )
            )

        ours, theirs = socket_pair()
        plain, _ = await each_loop.connect_accepted_socket(lambda: Recorder(data_received=upgrade), theirs)
        client = Recorder()
        near, _ = await each_loop.connect_accepted_socket(lambda: client, ours)
        near.write(b"STARTTLS")
        await settle()
        upgraded = await each_loop.start_tls(near, client, client_context(), server_hostname=HOST)
        far = await upgrades[0]
        assert upgraded is not None
        upgraded.write(b"secret")
        await secured.until_received(6)
        assert secured.data == b"secret"
        far.abort()
        upgraded.abort()
        await closed(plain)
        await closed(near)

    run(each_loop, scenario())


def test_a_handshake_that_takes_too_long() -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        async with opened() as (transport, protocol, peer):
            with pytest.raises(ConnectionAbortedError):
                await loop.start_tls(
                    transport,
                    protocol,
                    client_context(),
                    server_hostname=HOST,
                    ssl_handshake_timeout=_SHORT_SECONDS,
                )
            await settle()
            return transport.is_closing(), len(await receive_all(peer)) > 100, protocol.events

    assert_same_course(scenario)


@pytest.mark.parametrize("fault", ["garbage", "end", "reset"])
def test_a_peer_that_does_not_speak_tls(fault: str) -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        with reports(loop) as reported:
            async with opened() as (transport, protocol, peer):
                upgrading = asyncio.ensure_future(
                    loop.start_tls(transport, protocol, client_context(), server_hostname=HOST)
                )
                await settle()
                if fault == "garbage":
                    await send(peer, b"certainly no handshake, whatever else it may be")
                elif fault == "end":
                    peer.shutdown(socket.SHUT_WR)
                else:
                    peer.close()
                with pytest.raises((ssl.SSLError, ConnectionError)) as raised:
                    await upgrading
                await settle()
                return type(raised.value).__name__, transport.is_closing(), protocol.events, len(reported)

    assert_same_course(scenario)


def test_an_upgrade_of_what_cannot_be_upgraded() -> None:
    async def scenario() -> object:
        loop: Any = asyncio.get_running_loop()
        raised = []
        async with opened() as (transport, protocol, peer):
            for arguments in (
                (transport, protocol, None),
                (transport, protocol, "context"),
                (asyncio.Transport(), protocol, client_context()),
                (None, protocol, client_context()),
            ):
                try:
                    await loop.start_tls(*arguments)
                except TypeError as error:
                    raised.append(type(error).__name__)
            transport.write(b"unharmed")
            transport.write_eof()
            return raised, await receive_all(peer), transport.is_reading()

    assert assert_same_course(scenario).count("TypeError") == 4


def test_streams_upgrade(each_loop: asyncio.AbstractEventLoop) -> None:
    """StreamWriter.start_tls, as mail servers use it."""

    async def scenario() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            assert await reader.readline() == b"STARTTLS\n"
            writer.write(b"READY\n")
            await writer.drain()
            await writer.start_tls(server_context())
            while line := await reader.readline():
                writer.write(line.upper())
                await writer.drain()
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"STARTTLS\n")
        assert await reader.readline() == b"READY\n"
        await writer.start_tls(client_context(), server_hostname=HOST)
        for text in (b"hello\n", b"x" * 30_000 + b"\n"):
            writer.write(text)
            await writer.drain()
            assert await reader.readline() == text.upper()
        assert writer.get_extra_info("ssl_object") is not None
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()
        await settle()

    run(each_loop, scenario())


@pytest.mark.parametrize("factory", [False, True], ids=["server", "protocol of the program's own"])
def test_streams_upgrade_what_the_reader_holds_already(each_loop: asyncio.AbstractEventLoop, factory: bool) -> None:
    """A client that waits for no answer sends its hello in the packet of its request (CPython's issue 142352)."""
    if sys.version_info < (3, 15):
        skip_fault(each_loop, "the hello stays in the reader, and the handshake waits for ever")

    class Own(asyncio.StreamReaderProtocol):
        pass

    async def scenario() -> None:
        answers: list[bytes] = []
        served = each_loop.create_future()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            assert await reader.readline() == b"STARTTLS\n"
            assert reader._buffer  # type: ignore[attr-defined]
            await writer.start_tls(server_context())
            answers.append(await reader.readline())
            writer.write(b"answer\n")
            await writer.drain()
            writer.close()
            served.set_result(None)

        if factory:
            server = await each_loop.create_server(lambda: Own(asyncio.StreamReader(), serve), "127.0.0.1", 0)
        else:
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
        with socket.create_connection(server.sockets[0].getsockname()) as peer:
            peer.setblocking(False)
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = client_context().wrap_bio(incoming, outgoing, server_hostname=HOST)
            with pytest.raises(ssl.SSLWantReadError):
                tls.do_handshake()
            await send(peer, b"STARTTLS\n" + outgoing.read())
            while records := await each_loop.sock_recv(peer, 1 << 16):
                incoming.write(records)
                try:
                    tls.do_handshake()
                except ssl.SSLWantReadError:
                    continue
                break
            tls.write(b"secret\n")
            await send(peer, outgoing.read())
            await served
        assert answers == [b"secret\n"]
        server.close()
        await settle()

    run(each_loop, scenario())


def test_streams_of_clients_keep_what_came_without_tls(each_loop: asyncio.AbstractEventLoop) -> None:
    """It is no record of TLS: the server speaks second."""

    async def scenario() -> None:
        async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"READY\nmore\n")
            await writer.start_tls(server_context())
            writer.write(b"secret\n")
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        assert await reader.readline() == b"READY\n"
        await writer.start_tls(client_context(), server_hostname=HOST)
        assert [await reader.readline(), await reader.readline()] == [b"more\n", b"secret\n"]
        writer.close()
        await writer.wait_closed()
        server.close()
        await settle()

    run(each_loop, scenario())
