"""Connections of every kind, whose servers send back what they get."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from functools import cache
from typing import Any, cast

from faults.scenarios.bytes_ import LARGE, SMALL, check
from support.certificates import client_context, server_context


class Echo(asyncio.Protocol):
    """Writes back what it reads, and as fast as that is read."""

    def __init__(self, made: list[asyncio.Transport]) -> None:
        self._made = made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._made.append(self._transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)

    def pause_writing(self) -> None:
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def eof_received(self) -> None:
        return None


@contextlib.asynccontextmanager
async def echoing(**options: Any) -> AsyncIterator[Any]:
    """The address of a server in the running loop, which ends with the block."""
    loop = asyncio.get_running_loop()
    made: list[asyncio.Transport] = []
    if "path" in options:
        server: asyncio.Server = await loop.create_unix_server(lambda: Echo(made), **options)
    else:
        server = await loop.create_server(lambda: Echo(made), "127.0.0.1", 0, **options)
    try:
        yield options.get("path") or server.sockets[0].getsockname()
    finally:
        server.close()
        for transport in made:
            transport.abort()


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *messages: bytes) -> None:
    """Send messages one by one and check what comes back."""
    received = bytearray()
    try:
        for message in messages:
            writer.write(message)
            await writer.drain()
            received += await reader.readexactly(len(message))
    finally:
        check(received, b"".join(messages), whole=False)
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def tcp() -> None:
    """Small messages and a larger one."""
    async with echoing() as address:
        await converse(*await asyncio.open_connection(*address), SMALL, LARGE[:50_000], SMALL[:1])


async def tcp_half_closed() -> None:
    """The client ends its half, and gets everything nevertheless."""
    async with echoing() as address:
        reader, writer = await asyncio.open_connection(*address)
        try:
            writer.write(SMALL)
            writer.write(SMALL)
            writer.write_eof()
            check(await reader.read(), SMALL + SMALL)
        finally:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def backpressure() -> None:
    """More than the buffers hold, so that both ends have to wait for room."""
    async with echoing() as address:
        reader, writer = await asyncio.open_connection(*address)
        received = bytearray()
        try:
            for start in range(0, len(LARGE), 100_000):
                writer.write(LARGE[start : start + 100_000])
            await asyncio.sleep(0)
            while len(received) < len(LARGE) and (data := await reader.read(1 << 20)):
                received += data
            check(received, LARGE)
        finally:
            check(received, LARGE, whole=False)
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def many_clients() -> None:
    """Several connections that are accepted in one iteration."""
    async with echoing() as address:

        async def client(number: int) -> None:
            await converse(*await asyncio.open_connection(*address), SMALL[number:])

        ended = await asyncio.gather(*(client(number) for number in range(5)), return_exceptions=True)
        for error in ended:
            if error is not None:
                raise error


async def unix() -> None:
    """A Unix socket."""
    with tempfile.TemporaryDirectory() as folder:
        async with echoing(path=os.path.join(folder, "socket")) as path:  # noqa: PTH118 -- asyncio wants text
            await converse(*await asyncio.open_unix_connection(path), SMALL, LARGE[:50_000])


@cache
def _contexts() -> tuple[Any, Any]:
    return server_context(), client_context()


async def tls() -> None:
    """TLS."""
    server, client = _contexts()
    async with echoing(ssl=server) as address:
        connection = await asyncio.open_connection(*address, ssl=client, server_hostname="localhost")
        await converse(*connection, SMALL, LARGE[:50_000])
