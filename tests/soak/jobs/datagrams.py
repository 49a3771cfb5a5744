"""Datagrams, over the loopback network and between Unix sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import tempfile
from typing import Any, Final, cast

from soak.book import Receipt, WrongBytesError
from soak.surroundings import Surroundings

_HEADER: Final = struct.Struct("<I")
_LARGEST: Final = 8_000
_MOST: Final = 40
_PATIENCE_SECONDS: Final = 2
"""The network may lose datagrams where buffers are full: after this time they are sent again."""


class _End(asyncio.DatagramProtocol):
    """One end, which checks every datagram and answers it if it is to."""

    def __init__(self, around: Surroundings, *, answers: bool) -> None:
        self.transport: asyncio.DatagramTransport
        self.seen: set[int] = set()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.news = asyncio.Event()
        self._around = around
        self._answers = answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        (stream,) = _HEADER.unpack_from(data)
        body = data[_HEADER.size :]
        try:
            Receipt(self._around.book, stream).add(body)
        except WrongBytesError as error:
            self._around.failures.append(f"a datagram: {error}")
        self._around.counts["datagrams"] += 1
        self._around.counts["bytes"] += len(body)
        self.seen.add(stream)
        self.news.set()
        if self._answers:
            self.transport.sendto(data, addr)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)


async def internet_datagrams(around: Surroundings) -> None:
    """Send datagrams to an end that answers, over UDP."""
    loop = asyncio.get_running_loop()
    answering, asking = _End(around, answers=True), _End(around, answers=False)
    async with contextlib.AsyncExitStack() as ends:
        await loop.create_datagram_endpoint(lambda: answering, ("127.0.0.1", 0))
        ends.push_async_callback(_close, answering)
        address = answering.transport.get_extra_info("sockname")
        connected = around.chance(2)
        await loop.create_datagram_endpoint(
            lambda: asking, None if connected else ("127.0.0.1", 0), address if connected else None
        )
        ends.push_async_callback(_close, asking)
        await _exchange(around, asking, None if connected else address)


async def unix_datagrams(around: Surroundings) -> None:
    """Send datagrams to an end that answers, over Unix sockets."""
    loop = asyncio.get_running_loop()
    answering, asking = _End(around, answers=True), _End(around, answers=False)
    with tempfile.TemporaryDirectory(dir=around.folder) as folder:
        async with contextlib.AsyncExitStack() as ends:
            paths = [f"{folder}/{name}" for name in ("answering", "asking")]
            for protocol, path in zip((answering, asking), paths, strict=True):
                await loop.create_datagram_endpoint(
                    lambda made=protocol: made,  # type: ignore[misc]
                    path,
                    family=socket.AF_UNIX,
                )
                ends.push_async_callback(_close, protocol)
            await _exchange(around, asking, paths[0])


async def _close(end: _End) -> None:
    end.transport.abort()
    await asyncio.shield(end.lost)


async def _exchange(around: Surroundings, asking: _End, address: Any) -> None:
    streams = {around.stream() for _ in range(around.dice.randrange(1, _MOST))}
    for attempt in range(20):
        missing = streams - asking.seen
        if not missing:
            return
        around.counts["datagrams sent again"] += len(missing) if attempt else 0
        # All of them is as much as fits into any buffer, but for those that are sent meanwhile by others.
        for stream in missing:
            size = around.dice.randrange(_LARGEST if around.chance(10) else 100)
            asking.transport.sendto(_HEADER.pack(stream) + around.book.read(stream, 0, size), address)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while streams - asking.seen:
                    asking.news.clear()
                    await asking.news.wait()
    raise WrongBytesError("datagrams are lost again and again")
