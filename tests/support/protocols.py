"""Protocols that note what is called, and do what a test asks of them in each callback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeAlias, cast

Hook: TypeAlias = Callable[..., Any]


def at(callback: str, hook: Hook) -> dict[str, Any]:
    """The keyword argument that has a recorder call `hook` in `callback`."""
    return {callback: hook}


CALLBACKS: Final = frozenset(
    {
        "connection_made",
        "connection_lost",
        "data_received",
        "eof_received",
        "pause_writing",
        "resume_writing",
        "get_buffer",
        "buffer_updated",
    }
)


class _Notes:
    """What both kinds of protocol note.

    A keyword argument named like a callback is called there, with the recorder and the arguments of the callback; what
    it returns is what the callback returns.
    """

    transport: asyncio.Transport

    def __init__(self, *, events: list[str] | None = None, **hooks: Hook) -> None:
        assert hooks.keys() <= CALLBACKS
        self.events: list[str] = [] if events is None else events
        self.losses: list[BaseException | None] = []
        self.data = bytearray()
        self._hooks = hooks
        self._waiters: list[asyncio.Future[None]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._note("connection_made", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.losses.append(exc)
        self._note("connection_lost", exc, label=f"connection_lost {type(exc).__name__}")

    def eof_received(self) -> bool | None:
        return cast("bool | None", self._note("eof_received"))

    def pause_writing(self) -> None:
        self._note("pause_writing")

    def resume_writing(self) -> None:
        self._note("resume_writing")

    def once(self, event: str) -> bool:
        """Whether `event` has been noted exactly once."""
        return self.events.count(event) == 1

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until `condition` is true; it is looked at after every callback."""
        while not condition():
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter

    async def until_noted(self, event: str) -> None:
        """Wait until the callback `event` has been called."""
        await self.until(lambda: event in self.events)

    async def until_lost(self) -> None:
        """Wait until the connection is lost."""
        await self.until(lambda: self.losses)

    async def until_received(self, count: int) -> None:
        """Wait until `count` bytes have been received."""
        await self.until(lambda: len(self.data) >= count)

    def _note(self, callback: str, *arguments: object, label: str | None = None) -> Any:
        self.events.append(label or callback)
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
        hook = self._hooks.get(callback)
        return None if hook is None else hook(self, *arguments)


class Recorder(_Notes, asyncio.Protocol):
    """A protocol that is given its data."""

    def data_received(self, data: bytes) -> None:
        self.data += data
        self._note("data_received", data)


class BufferedRecorder(_Notes, asyncio.BufferedProtocol):
    """A protocol that provides the buffer its data is read into."""

    def __init__(self, *, buffer: bytearray | None = None, **rest: Any) -> None:
        super().__init__(**rest)
        self._buffer = bytearray(4096) if buffer is None else buffer

    def get_buffer(self, sizehint: int) -> Any:
        replaced = self._note("get_buffer", sizehint)
        return self._buffer if replaced is None else replaced

    def buffer_updated(self, nbytes: int) -> None:
        self.data += self._buffer[:nbytes]
        self._note("buffer_updated", nbytes)


AnyRecorder: TypeAlias = Recorder | BufferedRecorder
