"""What is written may run code of the program's while the transport deals with it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any, Final

import pytest

from support.streams import arrived, assert_same_course, opened, run, settle

_ACTIONS: Final[dict[str, Callable[[asyncio.Transport], object]]] = {
    "write": lambda transport: transport.write(b"[written by it]"),
    "writelines": lambda transport: transport.writelines([b"[written", b" by it]"]),
    "write_eof": lambda transport: transport.write_eof(),
    "close": lambda transport: transport.close(),
    "abort": lambda transport: transport.abort(),
    "get_write_buffer_size": lambda transport: transport.get_write_buffer_size(),
    "set_write_buffer_limits": lambda transport: transport.set_write_buffer_limits(0),
}


class _Loud(bytes):
    """Bytes that do something at their end."""

    last_words: Callable[[], object] = staticmethod(lambda: None)

    def __del__(self) -> None:
        self.last_words()


def _loud(data: bytes, last_words: Callable[[], object]) -> bytes:
    loud = _Loud(data)
    loud.last_words = last_words
    return loud


@pytest.mark.parametrize("action", _ACTIONS)
def test_bytes_that_use_the_transport_at_their_end(action: str) -> None:
    """Nothing of it is lost or sent twice, and other connections get nothing of it."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        raised: list[str] = []

        def write_all(transport: asyncio.Transport) -> None:
            pending = [_ACTIONS[action]]

            def act() -> None:
                if pending:
                    pending.pop()(transport)

            try:
                transport.write(_loud(b"one,", act))
                transport.write(b"two,")
                transport.write(_loud(b"three,", act))
                transport.write(b"four")
            except RuntimeError as error:
                raised.append(str(error))

        def write_pieces(transport: asyncio.Transport, text: bytes) -> None:
            transport.write(text)
            transport.write(text)

        async with (
            opened() as (transport, protocol, peer),
            opened() as (first, _first_protocol, first_peer),
            opened() as (second, _second_protocol, second_peer),
        ):
            loop.call_soon(write_all, transport)
            await settle()
            loop.call_soon(write_pieces, first, b"first")
            loop.call_soon(write_pieces, second, b"second")
            await settle()
            return arrived(peer), protocol.events, raised, arrived(first_peer), arrived(second_peer)

    assert "b'firstfirst', b'secondsecond'" in assert_same_course(scenario)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="__buffer__ is new in 3.12")
@pytest.mark.parametrize("size", [10, 100_000])
@pytest.mark.parametrize("method", ["write", "writelines"])
def test_data_that_aborts_when_it_is_asked_for(each_loop: asyncio.AbstractEventLoop, method: str, size: int) -> None:
    """It comes too late to be sent."""

    async def scenario() -> None:
        async with opened() as (transport, protocol, peer):

            class Hostile(bytearray):
                def __buffer__(self, flags: int) -> memoryview:
                    transport.abort()
                    return memoryview(bytes(size))

            transport.write(b"before")
            data: Any = Hostile(b"x")
            if method == "write":
                transport.write(data)
            else:
                transport.writelines([data, b"more"])
            await protocol.until_lost()
            # asyncio's own write() does not look again before it sends.
            assert arrived(peer) in {b"before", b"before" + bytes(size)}
            assert protocol.losses == [None]

    run(each_loop, scenario())
