"""Pipes between two transports of the loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from typing import IO

from soak.book import Receipt
from soak.surroundings import Surroundings


async def pipe(around: Surroundings) -> None:
    """Send a stream through a pipe, and check it at the other end."""
    loop = asyncio.get_running_loop()
    number, size = around.stream(), around.size()
    receipt = Receipt(around.book, number)
    reader_end, writer_end = os.pipe()
    with os.fdopen(reader_end, "rb", 0) as reading, os.fdopen(writer_end, "wb", 0) as writing:
        async with contextlib.AsyncExitStack() as ends:
            reader = asyncio.StreamReader()
            source, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), reading)
            ends.push_async_callback(_close, source.close, reading)
            target, flow = await loop.connect_write_pipe(
                lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), writing
            )
            ends.push_async_callback(_close, target.abort, writing)
            writer = asyncio.StreamWriter(target, flow, None, loop)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_send(around, writer, number, size))
                while data := await reader.read(1 << 16):
                    receipt.add(data)
                    around.counts["bytes"] += len(data)
    receipt.expect(size)
    around.counts["pipes"] += 1


async def _send(around: Surroundings, writer: asyncio.StreamWriter, number: int, size: int) -> None:
    piece = 1 + around.dice.randrange(100_000)
    for start in range(0, size, piece):
        writer.write(around.book.read(number, start, min(piece, size - start)))
        await writer.drain()
    writer.close()


async def _close(close: Callable[[], None], end: IO[bytes]) -> None:
    close()
    while not end.closed:
        await asyncio.sleep(0)
