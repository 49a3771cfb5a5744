"""Datagram transports to test, and a protocol that notes what happens to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from support.loops import run_idle

LOCALHOST = "127.0.0.1"


TOO_LARGE = b"x" * 70_000


class Recorder(asyncio.DatagramProtocol):
    """Notes what happens; ``react`` may do something about a datagram."""

    transport: asyncio.DatagramTransport

    def __init__(self, react: Callable[[Recorder, bytes, Any], None] | None = None) -> None:
        self.events: list[Any] = []
        self.react = react

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.BaseTransport)
        self.transport = transport  # type: ignore[assignment]
        self.events.append("made")

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.events.append(data)
        if self.react is not None:
            self.react(self, data, addr)

    def error_received(self, exc: Exception) -> None:
        self.events.append(type(exc).__name__)

    def pause_writing(self) -> None:
        self.events.append("pause")

    def resume_writing(self) -> None:
        self.events.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append(("lost", exc))


def endpoint(loop: asyncio.AbstractEventLoop, protocol: Recorder | None = None, **options: Any) -> Recorder:
    recorder = Recorder() if protocol is None else protocol
    loop.run_until_complete(loop.create_datagram_endpoint(lambda: recorder, **options))
    return recorder


def run_until(loop: asyncio.AbstractEventLoop, done: Callable[[], bool]) -> None:
    async def wait() -> None:
        while not done():
            await asyncio.sleep(0)

    loop.run_until_complete(asyncio.wait_for(wait(), 30))


def burst(recorder: Recorder, sent: list[bytes], address: Any = None) -> None:
    for data in sent:
        recorder.transport.sendto(data, address)


def address_of(recorder: Recorder) -> Any:
    return recorder.transport.get_extra_info("sockname")


def close(loop: asyncio.AbstractEventLoop, *recorders: Recorder) -> None:
    for recorder in recorders:
        recorder.transport.abort()
    run_idle(loop)
