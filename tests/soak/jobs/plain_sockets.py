"""Connections with the loop's methods for plain sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from soak.book import Receipt
from soak.jobs.requests import Errand, errand
from soak.service import RESET_ON_CLOSE, Ending
from soak.surroundings import Surroundings


async def plain_connection(around: Surroundings) -> None:
    """Send a request through a socket while the answer is read and checked."""
    asked = errand(around, "tcp", "unix")
    receipt = Receipt(around.book, asked.request.answer_stream)
    with socket.socket(socket.AF_UNIX if asked.kind == "unix" else socket.AF_INET) as client:
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, asked.address)
        async with asyncio.TaskGroup() as tasks:
            receiving = tasks.create_task(_receive(around, client, receipt))
            tasks.create_task(_send(around, asked, client, receiving))
    asked.check(receipt)
    around.counts["plain sockets"] += 1


async def _send(around: Surroundings, asked: Errand, client: socket.socket, receiving: asyncio.Task[None]) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(ConnectionError):
        for piece in asked.pieces(around):
            await loop.sock_sendall(client, piece)
        if asked.request.ending is Ending.AFTER_EOF and not asked.resets:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_WR)
    if asked.resets:
        receiving.cancel()
        if client.family == socket.AF_INET:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)


async def _receive(around: Surroundings, client: socket.socket, receipt: Receipt) -> None:
    loop = asyncio.get_running_loop()
    buffer = bytearray(around.dice.choice((1_000, 100_000)))
    with contextlib.suppress(ConnectionError):
        while count := await loop.sock_recv_into(client, buffer):
            receipt.add(memoryview(buffer)[:count])
            around.counts["bytes"] += count
