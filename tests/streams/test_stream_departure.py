"""When what was written leaves: at the latest when the callback that wrote it has ended, in whatever way it ended.

asyncio gives data to the socket inside the call of ``write``. A transport may collect the small writes of a callback
and send them together, but a program must not be able to lose data by that, nor see it still waiting.
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from support.loops import fresh_loop, run_idle, run_iteration
from support.protocols import Recorder
from support.streams import FAMILIES, arrived, opened, receive_all, run, send, socket_pair


@dataclass
class _Connection:
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    protocol: Recorder
    peer: socket.socket


@pytest.fixture
def connection(each_loop: asyncio.AbstractEventLoop) -> Iterator[_Connection]:
    """A connection of a loop that is not running."""
    ours, theirs = socket_pair()
    with theirs:
        transport, protocol = each_loop.run_until_complete(each_loop.connect_accepted_socket(Recorder, ours))
        yield _Connection(each_loop, transport, protocol, theirs)
        if not each_loop.is_closed():
            transport.abort()
            run_idle(each_loop)


def _write_in_pieces(transport: asyncio.Transport) -> None:
    transport.write(b"one,")
    transport.writelines([b"two,", b"three,"])
    transport.write(b"four")


_PIECES = b"one,two,three,four"


def test_before_the_loop_runs(connection: _Connection) -> None:
    _write_in_pieces(connection.transport)
    assert arrived(connection.peer) == _PIECES
    run_iteration(connection.loop)
    _write_in_pieces(connection.transport)
    assert arrived(connection.peer) == _PIECES


def test_when_the_loop_is_closed_without_running(connection: _Connection) -> None:
    _write_in_pieces(connection.transport)
    connection.transport.close()
    run_iteration(connection.loop)
    connection.loop.close()
    assert arrived(connection.peer) == _PIECES


@pytest.mark.parametrize("leave", [SystemExit, KeyboardInterrupt])
def test_when_the_callback_leaves_the_loop(connection: _Connection, leave: type[BaseException]) -> None:
    def callback() -> None:
        _write_in_pieces(connection.transport)
        raise leave

    connection.loop.call_soon(callback)
    with pytest.raises(leave):
        connection.loop.run_forever()
    assert arrived(connection.peer) == _PIECES


def test_when_the_callback_stops_the_loop(connection: _Connection) -> None:
    def callback() -> None:
        _write_in_pieces(connection.transport)
        connection.loop.stop()

    connection.loop.call_soon(callback)
    connection.loop.run_forever()
    assert arrived(connection.peer) == _PIECES


def test_when_data_received_leaves_the_loop(each_loop: asyncio.AbstractEventLoop) -> None:
    def leave(recorder: Recorder, _data: bytes) -> None:
        _write_in_pieces(recorder.transport)
        raise SystemExit

    ours, theirs = socket_pair()
    with theirs:
        making = each_loop.connect_accepted_socket(lambda: Recorder(data_received=leave), ours)
        transport, _ = each_loop.run_until_complete(making)
        theirs.send(b"request")
        with pytest.raises(SystemExit):
            each_loop.run_forever()
        assert arrived(theirs) == _PIECES
        transport.abort()
        run_idle(each_loop)


def test_when_the_callback_fails(connection: _Connection) -> None:
    def callback() -> None:
        _write_in_pieces(connection.transport)
        raise ValueError("expected")

    connection.loop.set_exception_handler(lambda _loop, _context: None)
    connection.loop.call_soon(callback)
    run_iteration(connection.loop)
    assert arrived(connection.peer) == _PIECES


@pytest.mark.parametrize("ending", ["abort", "close"])
@pytest.mark.parametrize("family", FAMILIES)
def test_before_the_transport_is_ended(each_loop: asyncio.AbstractEventLoop, ending: str, family: str) -> None:
    """What the kernel has taken is sent, even if the connection is aborted."""

    async def scenario() -> None:
        async with opened(pair=socket_pair(family)) as (transport, protocol, peer):
            _write_in_pieces(transport)
            getattr(transport, ending)()
            assert await receive_all(peer) == _PIECES
            await protocol.until_lost()
            assert protocol.losses == [None]

    run(each_loop, scenario())


def test_before_an_abort_in_a_callback(each_loop: asyncio.AbstractEventLoop) -> None:
    def answer(recorder: Recorder, _data: bytes) -> None:
        _write_in_pieces(recorder.transport)
        recorder.transport.abort()

    async def scenario() -> None:
        async with opened(Recorder(data_received=answer)) as (_, _protocol, peer):
            await send(peer, b"request")
            assert await receive_all(peer) == _PIECES

    run(each_loop, scenario())


def test_before_the_socket_is_used_directly(each_loop: asyncio.AbstractEventLoop) -> None:
    """In the next callback, say: a program may hand the descriptor on."""

    async def scenario() -> None:
        async with opened() as (transport, _, peer):
            _write_in_pieces(transport)
            await asyncio.sleep(0)
            os.write(transport.get_extra_info("socket").fileno(), b",five")
            assert arrived(peer) == _PIECES + b",five"

    run(each_loop, scenario())


def test_before_a_callback_that_was_scheduled_after_it(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        async with opened() as (transport, _, peer):
            seen: list[bytes] = []
            each_loop.call_soon(_write_in_pieces, transport)
            each_loop.call_soon(lambda: seen.append(arrived(peer)))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            seen.append(arrived(peer))
            assert b"".join(seen) == _PIECES

    run(each_loop, scenario())


def test_nothing_is_seen_to_wait(each_loop: asyncio.AbstractEventLoop) -> None:
    """A socket that has room takes everything: the buffer stays empty, and flow control out of it."""

    async def scenario() -> None:
        async with opened() as (transport, protocol, peer):
            transport.set_write_buffer_limits(high=0)
            for number in range(100):
                transport.write(b"%d," % number)
                assert transport.get_write_buffer_size() == 0
            transport.writelines([b"last", b"of all"])
            assert transport.get_write_buffer_size() == 0
            transport.close()
            text = b"".join(b"%d," % number for number in range(100))
            assert await receive_all(peer) == text + b"lastof all"
            await protocol.until_lost()
            assert protocol.events == ["connection_made", "connection_lost NoneType"]

    run(each_loop, scenario())


def test_limits_set_after_writing_do_not_see_it(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        async with opened() as (transport, protocol, peer):
            _write_in_pieces(transport)
            transport.set_write_buffer_limits(0)
            transport.write_eof()
            assert await receive_all(peer) == _PIECES
            assert protocol.events == ["connection_made"]

    run(each_loop, scenario())


def test_an_end_of_the_stream_between_callbacks(each_loop: asyncio.AbstractEventLoop) -> None:
    def act(recorder: Recorder, data: bytes) -> None:
        recorder.transport.write(data.upper())
        recorder.transport.write_eof()

    async def scenario() -> None:
        async with opened(Recorder(data_received=act)) as (_, _protocol, peer):
            await send(peer, b"request")
            assert await receive_all(peer) == b"REQUEST"

    run(each_loop, scenario())


_SWITCHES: dict[str, Callable[[asyncio.Transport], None]] = {
    "set_protocol": lambda transport: transport.set_protocol(Recorder()),
    "pause_reading": lambda transport: transport.pause_reading(),
    "resume_reading": lambda transport: transport.resume_reading(),
}


@pytest.mark.parametrize("switch", _SWITCHES)
def test_other_calls_do_not_hold_it_back(connection: _Connection, switch: str) -> None:
    def callback() -> None:
        _write_in_pieces(connection.transport)
        _SWITCHES[switch](connection.transport)

    connection.loop.call_soon(callback)
    run_iteration(connection.loop)
    assert arrived(connection.peer) == _PIECES


def test_each_loop_sends_what_is_its_own(each_loop: asyncio.AbstractEventLoop) -> None:
    """A callback of one loop may write to the transport of another that does not run at the time."""
    ours, theirs = socket_pair()
    with fresh_loop(type(each_loop)) as other, theirs:
        transport, _ = other.run_until_complete(other.connect_accepted_socket(Recorder, ours))
        each_loop.call_soon(_write_in_pieces, transport)
        run_iteration(each_loop)
        run_iteration(other)
        assert arrived(theirs) == _PIECES
        transport.close()
        run_idle(other)


def test_a_finalizer_that_uses_a_finalized_transport(each_loop: asyncio.AbstractEventLoop) -> None:
    """Of a cycle that is collected, objects may still see the transport after its own finalizer."""
    seen: list[object] = []

    class Late:
        def __init__(self, transport: asyncio.Transport) -> None:
            self.transport = transport
            self.cycle = self

        def __del__(self) -> None:
            transport = self.transport
            repr(transport)
            transport.write(b"x")
            transport.close()
            transport.abort()
            seen.append((transport.is_closing(), transport.is_reading(), transport.get_write_buffer_size()))

    async def scenario() -> None:
        for _ in range(20):
            ours, peer = socket_pair()
            with peer:
                transport, protocol = await asyncio.get_running_loop().connect_accepted_socket(Recorder, ours)
                transport.pause_reading()
                # Made before and after, for the collector finalizes in the order of creation.
                protocol.late = Late(transport)  # type: ignore[attr-defined]
                transport.abort()
                await protocol.until_lost()
                del transport, protocol
        gc.collect()

    run(each_loop, scenario())
    gc.collect()
    assert seen == [(True, False, 0)] * 20


@pytest.mark.parametrize("size", [1, 300_000])
def test_a_connection_that_failed_is_forgotten(each_loop: asyncio.AbstractEventLoop, size: int) -> None:
    """The exception given to connection_lost leads, by its traceback, to what has the transport."""
    transports: weakref.WeakSet[asyncio.Transport] = weakref.WeakSet()

    async def scenario() -> None:
        for _ in range(20):
            ours, peer = socket_pair()
            transport, protocol = await asyncio.get_running_loop().connect_accepted_socket(Recorder, ours)
            transports.add(transport)
            transport.pause_reading()
            peer.close()
            transport.write(bytes(size))
            await protocol.until_lost()
            assert "connection_lost BrokenPipeError" in protocol.events

    run(each_loop, scenario())
    gc.collect()
    assert not transports
