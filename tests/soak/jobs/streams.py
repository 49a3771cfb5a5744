"""Connections with asyncio's streams."""

from __future__ import annotations

import asyncio
import contextlib

from soak.book import Receipt
from soak.jobs.requests import Errand, errand
from soak.service import Ending, reset_on_close
from soak.surroundings import Surroundings


async def stream(around: Surroundings) -> None:
    """Send a request through a stream while the answer is read and checked."""
    asked = errand(around, "tcp", "tls", "unix")
    reader, writer = await _open(asked, around)
    receipt = Receipt(around.book, asked.request.answer_stream)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_send(around, asked, writer))
            tasks.create_task(_receive(around, reader, receipt))
        asked.check(receipt)
    finally:
        writer.transport.abort()
        # A task that is cancelled once more leaves this to itself.
        await asyncio.shield(_gone(writer))
    around.counts["streams"] += 1


async def _gone(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _open(asked: Errand, around: Surroundings) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if asked.kind == "unix":
        return await asyncio.open_unix_connection(asked.address)
    if asked.kind == "tls":
        return await asyncio.open_connection(*asked.address, ssl=around.client_tls, server_hostname="localhost")
    return await asyncio.open_connection(*asked.address)


async def _send(around: Surroundings, asked: Errand, writer: asyncio.StreamWriter) -> None:
    # A server that breaks off does it while we still send.
    with contextlib.suppress(ConnectionError):
        for piece in asked.pieces(around):
            writer.write(piece)
            if around.chance(3):
                await writer.drain()
        await writer.drain()
        if asked.resets:
            reset_on_close(writer.transport)
            writer.transport.abort()
        elif asked.request.ending is Ending.AFTER_EOF:
            with contextlib.suppress(OSError):
                writer.write_eof()


async def _receive(around: Surroundings, reader: asyncio.StreamReader, receipt: Receipt) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(around.dice.choice((10_000, 1 << 20))):
            receipt.add(data)
            around.counts["bytes"] += len(data)
