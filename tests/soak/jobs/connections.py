"""Connections with protocols of both kinds."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, cast

from soak.book import Receipt, WrongBytesError
from soak.jobs.requests import Errand, errand
from soak.service import Ending, reset_on_close
from soak.surroundings import Surroundings


class _Asking:
    """What both kinds of protocol have in common."""

    def __init__(self, around: Surroundings, receipt: Receipt) -> None:
        self.transport: asyncio.Transport
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self.room = asyncio.Event()
        self.room.set()
        self._around = around
        self._receipt = receipt

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def pause_writing(self) -> None:
        self.room.clear()

    def resume_writing(self) -> None:
        self.room.set()

    def eof_received(self) -> None:
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self.room.set()
        if not self.lost.done():
            self.lost.set_result(exc)

    def _take(self, data: bytes | memoryview) -> None:
        try:
            self._receipt.add(data)
        except WrongBytesError as error:
            self._around.failures.append(f"a client: {error}")
            self.transport.abort()
        self._around.counts["bytes"] += len(data)


class _Protocol(_Asking, asyncio.Protocol):
    def data_received(self, data: bytes) -> None:
        self._take(data)


class _BufferedProtocol(_Asking, asyncio.BufferedProtocol):
    def __init__(self, around: Surroundings, receipt: Receipt) -> None:
        super().__init__(around, receipt)
        # A view, because asyncio's TLS fills slices of what it is given: those of a bytearray are copies.
        self._buffer = memoryview(bytearray(around.dice.choice((10, 1_000, 100_000))))

    def get_buffer(self, sizehint: int) -> Any:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._take(self._buffer[:nbytes])


async def connection(around: Surroundings) -> None:
    """Send a request through a transport, check the answer, and see the connection lost."""
    asked = errand(around, "tcp", "tls", "unix")
    receipt = Receipt(around.book, asked.request.answer_stream)
    kind = around.dice.choice((_Protocol, _BufferedProtocol))
    protocol: Any = kind(around, receipt)
    await _connect(asked, protocol, around)
    try:
        await _talk(around, asked, protocol)
        await protocol.lost
    finally:
        protocol.transport.abort()
        # Cancelled or not, the transport is closed when this ends.
        await asyncio.shield(protocol.lost)
    asked.check(receipt)
    around.counts["connections"] += 1


async def _connect(asked: Errand, protocol: Any, around: Surroundings) -> None:
    loop = asyncio.get_running_loop()
    if asked.kind == "unix":
        await loop.create_unix_connection(lambda: protocol, asked.address)
    elif asked.kind == "tls":
        await loop.create_connection(
            lambda: protocol, *asked.address, ssl=around.client_tls, server_hostname="localhost"
        )
    else:
        await loop.create_connection(lambda: protocol, *asked.address)


async def _talk(around: Surroundings, asked: Errand, protocol: Any) -> None:
    transport = protocol.transport
    pauses = around.chance(5)
    for piece in asked.pieces(around):
        if transport.is_closing():
            break
        transport.write(piece)
        if pauses:
            await around.pause()
        await protocol.room.wait()
    if around.chance(5) and not transport.is_closing():
        transport.pause_reading()
        await around.pause()
        transport.resume_reading()
    if asked.resets:
        reset_on_close(transport)
        transport.abort()
    elif asked.request.ending is Ending.AFTER_EOF and not transport.is_closing():
        with contextlib.suppress(OSError):
            transport.write_eof()
