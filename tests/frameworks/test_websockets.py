"""A server and clients of the ``websockets`` package on one PyLoop loop, in the clear and through TLS."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
from websockets.asyncio.client import ClientConnection, connect, unix_connect
from websockets.asyncio.server import Server, ServerConnection, serve, unix_serve
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus
from websockets.http11 import Request, Response

from support.security import Security
from support.streams import run

Handler: TypeAlias = Callable[[ServerConnection], Awaitable[None]]

_HOST: Final = "127.0.0.1"
_LARGE: Final = random.Random(1).randbytes(6_000_000)
# No proxy of the machine's, and no compression of what cannot be compressed.
_CLIENT: Final[dict[str, Any]] = {"proxy": None, "compression": None, "max_size": None}


@contextlib.asynccontextmanager
async def _server(security: Security, handler: Handler, **options: Any) -> AsyncIterator[tuple[Server, str]]:
    """A server, and its address."""
    async with serve(handler, _HOST, 0, ssl=security.server, **{"max_size": None, **options}) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield server, f"{security.scheme('ws')}://{_HOST}:{port}"


@contextlib.asynccontextmanager
async def _connected(security: Security, handler: Handler, **options: Any) -> AsyncIterator[ClientConnection]:
    """A client of a server of its own; the options are the client's."""
    async with (
        _server(security, handler) as (_, address),
        connect(address, ssl=security.client, **{**_CLIENT, **options}) as client,
    ):
        yield client


async def _echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def test_many_clients_talk_at_once(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    async def talk(address: str, number: int) -> None:
        async with connect(address, ssl=security.client, **_CLIENT) as client:
            for step in range(30):
                await client.send(f"é {number} {step}")
                assert await client.recv() == f"é {number} {step}"
            for step in range(30):
                await client.send(b"%d" % step)
            assert [await client.recv() for _ in range(30)] == [b"%d" % step for step in range(30)]

    async def main() -> None:
        async with _server(security, _echo) as (_, address):
            await asyncio.gather(*(talk(address, number) for number in range(20)))

    run(loop, main())


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_large_messages_arrive_whole(
    loop: asyncio.AbstractEventLoop, security: Security, compression: str | None
) -> None:
    text = "".join(map(str, range(400_000)))

    async def main() -> None:
        async with _connected(security, _echo, compression=compression) as client:
            # Both ways at once, as neither end's buffers hold it.
            received, _ = await asyncio.gather(client.recv(), client.send(_LARGE))
            assert received == _LARGE
            await client.send(text)
            assert await client.recv() == text

    run(loop, main())


def test_fragments_are_sent_and_received(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    size = 100_000
    pieces = [_LARGE[start : start + size] for start in range(0, len(_LARGE), size)]

    async def whole(connection: ServerConnection) -> None:
        received = [piece async for piece in connection.recv_streaming()]
        assert received == [*pieces, b""]  # the last fragment says that it is the last
        await connection.send(received)

    async def main() -> None:
        async with _connected(security, whole) as client:

            async def produce() -> AsyncIterator[bytes]:
                for piece in pieces:
                    yield piece
                    await asyncio.sleep(0)

            await client.send(produce())
            assert await client.recv() == _LARGE

    run(loop, main())


def test_pings_are_answered_in_order_between_messages(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    async def main() -> None:
        async with _connected(security, _echo) as client:
            pongs = []
            for number in range(50):
                pongs.append(await client.ping(b"%d" % number))
                await client.send("x" * number * 100)
                assert len(await client.recv()) == number * 100
            latencies = await asyncio.gather(*pongs)
            assert all(0 <= latency < 30 for latency in latencies)

    run(loop, main())


def test_a_peer_that_answers_no_ping_is_given_up(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    async def main() -> None:
        left = asyncio.Event()

        async def deaf(connection: ServerConnection) -> None:
            connection.transport.pause_reading()
            await left.wait()
            connection.transport.abort()

        options = {"ping_interval": 0.05, "ping_timeout": 0.1, "close_timeout": 0.1}
        async with _connected(security, deaf, **options) as client:
            with pytest.raises(ConnectionClosedError, match="keepalive ping timeout"):
                await client.recv()
            left.set()

    run(loop, main())


def test_a_slow_receiver_makes_the_sender_wait(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    sent = 0

    async def produce(connection: ServerConnection) -> None:
        nonlocal sent
        for number in itertools.count():
            await connection.send(number.to_bytes(8) + _LARGE[:100_000])
            sent += 1

    async def main() -> None:
        # There is no use in waiting until all has come that was sent before.
        async with _connected(security, produce, close_timeout=0.1) as client:
            before = -1
            while sent > before:
                before = sent
                await asyncio.sleep(0.1)
            # What fits into the buffers on the way; the kernel's grow to some megabytes.
            assert sent < 300
            for number in range(2 * before):
                message = await client.recv()
                assert isinstance(message, bytes)
                assert int.from_bytes(message[:8]) == number
            assert sent > before

    run(loop, main())


def test_a_message_that_is_too_large_ends_the_connection(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    async def main() -> None:
        async with (
            _server(security, _echo, max_size=1000) as (_, address),
            connect(address, ssl=security.client, **_CLIENT) as client,
        ):
            await client.send(_LARGE[:1000])
            assert await client.recv() == _LARGE[:1000]
            await client.send(_LARGE[:1001])
            with pytest.raises(ConnectionClosedError) as raised:
                await client.recv()
            assert raised.value.rcvd is not None
            assert raised.value.rcvd.code == 1009

    run(loop, main())


def test_either_end_closes_with_its_reason(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    seen: list[tuple[int | None, str | None]] = []

    async def leave_when_told(connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosedOK):
            while await connection.recv() != "leave":
                pass
            await connection.close(4001, "as you wish")
        seen.append((connection.close_code, connection.close_reason))

    async def main() -> None:
        async with _server(security, leave_when_told) as (_, address):
            async with connect(address, ssl=security.client, **_CLIENT) as client:
                await client.send("leave")
                with pytest.raises(ConnectionClosedError) as raised:
                    await client.recv()
                assert raised.value.rcvd is not None
                assert (raised.value.rcvd.code, raised.value.rcvd.reason) == (4001, "as you wish")
            async with connect(address, ssl=security.client, **_CLIENT) as client:
                await client.send("stay")
                await client.close(1000, "had enough")

    run(loop, main())
    assert seen == [(4001, "as you wish"), (1000, "had enough")]


def test_a_lost_connection_ends_both_ends(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    async def main() -> None:
        lost = asyncio.Event()

        async def wait(connection: ServerConnection) -> None:
            with pytest.raises(ConnectionClosedError):
                await connection.recv()
            lost.set()

        async with _connected(security, wait) as client:
            client.transport.abort()
            with pytest.raises(ConnectionClosedError):
                await client.recv()
            await lost.wait()

    run(loop, main())


def test_receiving_can_be_given_up_without_losing_a_message(
    loop: asyncio.AbstractEventLoop, security: Security
) -> None:
    choices = random.Random(2)
    count = 200

    async def produce(connection: ServerConnection) -> None:
        for number in range(count):
            await connection.send(str(number))
            await asyncio.sleep(choices.random() * 0.002)

    async def main() -> None:
        received: list[str | bytes] = []
        given_up = 0
        async with _connected(security, produce) as client:
            while len(received) < count:
                try:
                    async with asyncio.timeout(choices.random() * 0.002):
                        received.append(await client.recv())
                except TimeoutError:
                    given_up += 1
        assert received == [str(number) for number in range(count)]
        assert given_up > 0

    run(loop, main())


def test_a_server_that_stops_lets_its_clients_go(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    async def main() -> None:
        async with _server(security, _echo) as (server, address):
            clients = [await connect(address, ssl=security.client, **_CLIENT) for _ in range(5)]
            server.close()
            await server.wait_closed()
            for client in clients:
                with pytest.raises(ConnectionClosedOK) as raised:
                    await client.recv()
                assert raised.value.rcvd is not None
                assert raised.value.rcvd.code == 1001
                await client.close()
            with pytest.raises(OSError, match="Connect call failed"):
                await connect(address, ssl=security.client, **_CLIENT)

    run(loop, main())


def test_a_request_is_refused(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    def refuse(connection: ServerConnection, request: Request) -> Response | None:
        if request.path == "/forbidden":
            return connection.respond(HTTPStatus.FORBIDDEN, "not here\n")
        return None

    async def main() -> None:
        async with _server(security, _echo, process_request=refuse) as (_, address):
            with pytest.raises(InvalidStatus) as raised:
                await connect(f"{address}/forbidden", ssl=security.client, **_CLIENT)
            assert (raised.value.response.status_code, raised.value.response.body) == (403, b"not here\n")
            async with connect(f"{address}/allowed", ssl=security.client, **_CLIENT) as client:
                await client.send("word")
                assert await client.recv() == "word"

    run(loop, main())


def test_a_unix_socket_serves_too(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")

    async def main() -> None:
        async with unix_serve(_echo, path, max_size=None), unix_connect(path, **_CLIENT) as client:
            received, _ = await asyncio.gather(client.recv(), client.send(_LARGE))
            assert received == _LARGE

    run(loop, main())
