"""Files and pipes."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from typing import IO, Any

from faults.scenarios.bytes_ import LARGE, SMALL, check


async def sent_file() -> None:
    """A file that the system sends for a transport."""
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with ours, theirs, tempfile.TemporaryFile() as source:
        theirs.setblocking(False)
        _fill(source)
        transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, ours)
        receiving = asyncio.ensure_future(_receive(theirs))
        try:
            transport.write(SMALL)
            await loop.sendfile(transport, source)
            transport.write(SMALL)
            check(await receiving, SMALL + LARGE + SMALL)
        finally:
            receiving.cancel()
            transport.abort()
            while ours.fileno() != -1:
                await asyncio.sleep(0)


async def sent_file_of_a_socket() -> None:
    """A file that the system sends for a plain socket."""
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with ours, theirs, tempfile.TemporaryFile() as source:
        ours.setblocking(False)
        theirs.setblocking(False)
        _fill(source)
        receiving = asyncio.ensure_future(_receive(theirs))
        try:
            await loop.sock_sendall(ours, SMALL)
            await loop.sock_sendfile(ours, source)
            await loop.sock_sendall(ours, SMALL)
            check(await receiving, SMALL + LARGE + SMALL)
        finally:
            receiving.cancel()


def _fill(source: IO[bytes]) -> None:
    source.write(LARGE)
    source.flush()
    source.seek(0)


async def _receive(end: socket.socket) -> bytes:
    loop = asyncio.get_running_loop()
    received = bytearray()
    while len(received) < len(LARGE) + 2 * len(SMALL) and (data := await loop.sock_recv(end, 1 << 20)):
        received += data
    return bytes(received)


async def pipes() -> None:
    """A pipe between two transports."""
    loop = asyncio.get_running_loop()
    reading, writing = os.pipe()
    with open(reading, "rb", 0) as source, open(writing, "wb", 0) as target:  # noqa: PTH123 -- descriptors
        reader = asyncio.StreamReader()
        received = bytearray()
        outgoing: Any = None
        incoming, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), source)
        try:
            outgoing, _ = await loop.connect_write_pipe(asyncio.Protocol, target)
            for start in range(0, len(LARGE), 60_000):
                outgoing.write(LARGE[start : start + 60_000])
            outgoing.write_eof()
            while data := await reader.read(1 << 20):
                received += data
            check(received, LARGE)
        finally:
            check(received, LARGE, whole=False)
            incoming.close()
            if outgoing is not None:
                outgoing.abort()
            while not source.closed or (outgoing is not None and not target.closed):
                await asyncio.sleep(0)
