"""Datagrams; what is lost is sent again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import tempfile
from typing import Any, cast

from faults.scenarios.bytes_ import SMALL, WrongBytesError

_COUNT = 6


class _End(asyncio.DatagramProtocol):
    def __init__(self, *, answers: bool) -> None:
        self.transport: asyncio.DatagramTransport
        self.seen: set[bytes] = set()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answers = answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.seen.add(data)
        if self._answers:
            self.transport.sendto(data, addr)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)


async def udp() -> None:
    """A connected client of an end that answers."""
    loop = asyncio.get_running_loop()
    answering, asking = _End(answers=True), _End(answers=False)
    async with contextlib.AsyncExitStack() as ends:
        await loop.create_datagram_endpoint(lambda: answering, ("127.0.0.1", 0))
        ends.push_async_callback(_close, answering)
        address = answering.transport.get_extra_info("sockname")
        await loop.create_datagram_endpoint(lambda: asking, remote_addr=address)
        ends.push_async_callback(_close, asking)
        await _exchange(asking, None)


async def unix_datagrams() -> None:
    """A client that is not connected."""
    loop = asyncio.get_running_loop()
    answering, asking = _End(answers=True), _End(answers=False)
    with tempfile.TemporaryDirectory() as folder:
        async with contextlib.AsyncExitStack() as ends:
            for protocol, name in ((answering, "answering"), (asking, "asking")):
                await loop.create_datagram_endpoint(
                    lambda made=protocol: made,  # type: ignore[misc]
                    os.path.join(folder, name),  # noqa: PTH118 -- asyncio wants text
                    family=socket.AF_UNIX,
                )
                ends.push_async_callback(_close, protocol)
            await _exchange(asking, os.path.join(folder, "answering"))  # noqa: PTH118


async def _exchange(asking: _End, address: Any) -> None:
    sent = {SMALL[number : number + 1 + number * 20] for number in range(_COUNT)}
    for _ in range(5):
        for data in sent - asking.seen:
            asking.transport.sendto(data, address)
        for _ in range(20):
            await asyncio.sleep(0.001)
            if asking.seen == sent:
                return
    if not asking.seen <= sent:
        raise WrongBytesError("other datagrams have arrived")
    raise ConnectionAbortedError("datagrams are lost again and again")


async def _close(end: _End) -> None:
    end.transport.abort()
    await end.lost
