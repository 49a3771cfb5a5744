"""Servers to test: what they make for each connection, and plain clients."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from support.protocols import Recorder
from support.streams import closed, receive


@asynccontextmanager
async def silent_server(host: str) -> AsyncIterator[int]:
    """The port of a server that never answers; at the end of the block it waits until its client has left."""
    left = asyncio.Event()

    async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        left.set()

    async with await asyncio.start_server(ignore, host, 0) as server:
        yield server.sockets[0].getsockname()[1]
        await left.wait()


class Service:
    """Makes the protocols of a server and keeps them."""

    def __init__(self, **hooks: Any) -> None:
        self.protocols: list[Recorder] = []
        self._hooks = hooks
        self._waiters: list[asyncio.Future[None]] = []

    def __call__(self) -> Recorder:
        self.protocols.append(Recorder(**self._hooks))
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        return self.protocols[-1]

    async def until_made(self, count: int) -> None:
        """Wait until `count` connections have been made."""
        while len(self.protocols) < count:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
        for protocol in self.protocols[:count]:
            await protocol.until_noted("connection_made")

    async def end(self) -> None:
        """End every connection."""
        for protocol in self.protocols:
            # With TLS, those whose handshake has failed have never been made.
            if "connection_made" not in protocol.events:
                continue
            if not protocol.losses:
                protocol.transport.abort()
                await protocol.until_lost()
            await closed(protocol.transport)


@asynccontextmanager
async def connected(address: Any) -> AsyncIterator[socket.socket]:
    """A plain client's socket."""
    family = (
        socket.AF_UNIX
        if isinstance(address, (str, bytes))
        else socket.AF_INET6
        if len(address) == 4
        else socket.AF_INET
    )
    with socket.socket(family) as client:
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, address)
        yield client


def echo(recorder: Recorder, data: bytes) -> None:
    """Write back what is received; a hook for `Service`."""
    recorder.transport.write(data)


async def assert_echoes(address: Any) -> None:
    """Check that a server at `address` answers with what it is sent."""
    async with connected(address) as client:
        await asyncio.get_running_loop().sock_sendall(client, b"hello")
        assert await receive(client, 5) == b"hello"
