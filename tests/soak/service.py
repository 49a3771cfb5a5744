"""The server of each loop of the soak, on TCP, on TLS and on a Unix socket: it checks requests and answers them."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, cast

from soak.book import Book, Receipt, WrongBytesError
from soak.surroundings import Surroundings

_HEADER: Final = struct.Struct("<IIIIB")
_PIECE: Final = 64 << 10

RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""The value of SO_LINGER with which closing a socket resets its connection."""


class Ending(enum.IntEnum):
    """How the server ends a connection."""

    CLOSE = 0
    """When all of the answer is sent."""
    AFTER_EOF = 1
    """It answers only when the client has ended its own half."""
    ABORT = 2
    """In the middle of its answer, by `abort`."""
    RESET = 3
    """In the middle of its answer, by a reset."""


@dataclass(frozen=True)
class Request:
    """What a client sends, and what it wants to be answered: so many bytes of a stream each."""

    stream: int
    length: int
    answer_stream: int
    answer_length: int
    ending: Ending

    @classmethod
    def of(cls, header: bytes) -> Request:
        """The request that begins with `header`."""
        stream, length, answer_stream, answer_length, ending = _HEADER.unpack_from(header)
        return cls(stream, length, answer_stream, answer_length, Ending(ending))

    def header(self) -> bytes:
        """What goes before the bytes."""
        return _HEADER.pack(self.stream, self.length, self.answer_stream, self.answer_length, self.ending)


class Serving(asyncio.Protocol):
    """One connection of the server."""

    def __init__(self, around: Surroundings) -> None:
        self._book: Book = around.book
        self._around = around
        self._head = b""
        self._request: Request | None = None
        self._receipt: Receipt | None = None
        self._sent = 0
        self._answering = False
        self._paused = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._around.counts["accepted"] += 1

    def data_received(self, data: bytes) -> None:
        if self._receipt is None:
            self._head += data
            if len(self._head) < _HEADER.size:
                return
            self._request = Request.of(self._head)
            self._receipt = Receipt(self._book, self._request.stream)
            data = self._head[_HEADER.size :]
        try:
            self._receipt.add(data)
        except WrongBytesError as error:
            self._around.failures.append(f"the server: {error}")
            self._transport.abort()
            return
        self._around.counts["bytes"] += len(data)
        request = self._request
        assert request is not None
        if self._receipt.count >= request.length and request.ending is not Ending.AFTER_EOF:
            self._answer()

    def eof_received(self) -> bool:
        request, receipt = self._request, self._receipt
        if request is None or receipt is None or receipt.count < request.length:
            return False
        self._answer()
        return request.ending is Ending.AFTER_EOF

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._answering:
            self._continue()

    def connection_lost(self, exc: Exception | None) -> None:
        self._answering = False
        self._around.counts["connections lost"] += 1

    def _answer(self) -> None:
        if not self._answering:
            self._answering = True
            self._continue()

    def _continue(self) -> None:
        request = self._request
        assert request is not None
        breaks_off = request.ending in {Ending.ABORT, Ending.RESET}
        end = request.answer_length // 2 if breaks_off else request.answer_length
        while self._sent < end and not self._paused and not self._transport.is_closing():
            count = min(_PIECE, end - self._sent)
            self._transport.write(self._book.read(request.answer_stream, self._sent, count))
            self._sent += count
        if self._sent >= end:
            self._answering = False
            self._end(request.ending)

    def _end(self, ending: Ending) -> None:
        if ending is Ending.RESET:
            reset_on_close(self._transport)
        if ending in {Ending.ABORT, Ending.RESET}:
            self._transport.abort()
        else:
            self._transport.close()


def reset_on_close(transport: asyncio.BaseTransport) -> None:
    """Have `transport` reset its connection when it closes it, if the connection is one of TCP."""
    end = transport.get_extra_info("socket")
    if end is not None and end.family in {socket.AF_INET, socket.AF_INET6}:
        # It may have failed and closed already.
        with contextlib.suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)


@contextlib.asynccontextmanager
async def serving(around: Surroundings) -> AsyncIterator[None]:
    """Serve in the running loop while the block runs; the addresses are told to `around`."""
    loop = asyncio.get_running_loop()
    path = around.folder / f"{around.stream()}-{id(loop)}"
    servers = [
        await loop.create_server(lambda: Serving(around), "127.0.0.1", 0),
        await loop.create_server(lambda: Serving(around), "127.0.0.1", 0, ssl=around.server_tls),
        await loop.create_unix_server(lambda: Serving(around), path),
    ]
    around.addresses = {
        "tcp": servers[0].sockets[0].getsockname(),
        "tls": servers[1].sockets[0].getsockname(),
        "unix": str(path),
    }
    try:
        yield
    finally:
        for server in servers:
            server.close()
        for server in servers:
            await server.wait_closed()
        path.unlink(missing_ok=True)
