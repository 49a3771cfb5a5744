"""Files that the system sends."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile

from soak.book import Receipt
from soak.surroundings import Surroundings


async def file(around: Surroundings) -> None:
    """Send a file over a connection, and check it at the other end."""
    loop = asyncio.get_running_loop()
    number, size = around.stream(), 1 + around.size()
    receipt = Receipt(around.book, number)
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryFile(dir=around.folder) as source, ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        source.write(around.book.read(number, 0, size))
        source.flush()
        async with asyncio.TaskGroup() as tasks:
            receiving = tasks.create_task(_receive(around, theirs, receipt, size))
            if around.chance(2):
                tasks.create_task(loop.sock_sendfile(ours, source))
            else:
                transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, ours)
                try:
                    await loop.sendfile(transport, source)
                    await receiving
                finally:
                    transport.abort()
                    while ours.fileno() != -1:
                        await asyncio.sleep(0)
    receipt.expect(size)
    around.counts["files"] += 1


async def _receive(around: Surroundings, end: socket.socket, receipt: Receipt, size: int) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(ConnectionError):
        while receipt.count < size and (data := await loop.sock_recv(end, 1 << 20)):
            receipt.add(data)
            around.counts["bytes"] += len(data)
