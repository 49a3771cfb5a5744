"""Reading from a stream transport: what arrives, pausing and resuming, and changing the protocol."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from support.loops import run_idle
from support.outcomes import outcome_of
from support.protocols import AnyRecorder, BufferedRecorder, Recorder
from support.streams import (
    FAMILIES,
    FIRST_311,
    assert_same_course,
    opened,
    receive,
    run,
    send,
    settle,
    skip_fault,
    socket_pair,
)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_sent_is_received(each_loop: asyncio.AbstractEventLoop, family: str) -> None:
    async def scenario() -> None:
        async with opened(pair=socket_pair(family)) as (_, protocol, peer):
            for text in (b"one", b"\0", bytes(range(256))):
                await send(peer, text)
                protocol.data.clear()
                await protocol.until_received(len(text))
                assert protocol.data == text
            assert set(protocol.events) == {"connection_made", "data_received"}

    run(each_loop, scenario())


def test_data_is_bytes_of_its_own(each_loop: asyncio.AbstractEventLoop) -> None:
    """Each piece stays what it was, however much is read after it."""
    pieces: list[bytes] = []

    async def scenario() -> None:
        recorder = Recorder(data_received=lambda _recorder, data: pieces.append(data))
        async with opened(recorder) as (_, protocol, peer):
            for number in range(200):
                peer.send(bytes([number]) * 300)
                if number % 3 == 0:
                    await asyncio.sleep(0)
            await protocol.until_received(60_000)

    run(each_loop, scenario())
    assert all(type(piece) is bytes for piece in pieces)
    assert b"".join(pieces) == b"".join(bytes([number]) * 300 for number in range(200))


def test_a_byte_at_a_time(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        async with opened() as (_, protocol, peer):
            for number in range(256):
                peer.send(bytes([number]))
                await protocol.until_received(number + 1)
            assert protocol.data == bytes(range(256))
            assert protocol.events.count("data_received") == 256

    run(each_loop, scenario())


def test_data_that_arrived_before_the_connection_was_made() -> None:
    """And the end of the stream with it."""

    async def scenario() -> object:
        ours, peer = socket_pair()
        peer.send(b"early")
        peer.shutdown(socket.SHUT_WR)
        async with opened(pair=(ours, peer)) as (_, protocol, _peer):
            early = list(protocol.events)
            await protocol.until_lost()
            return early, protocol.events, bytes(protocol.data)

    assert_same_course(scenario)


def test_states_of_reading() -> None:
    async def scenario() -> object:
        states: list[object] = []

        async with opened() as (transport, protocol, peer):

            def note(method: str) -> None:
                states.append((method, outcome_of(getattr(transport, method)), transport.is_reading()))

            note("is_reading")
            for method in ("pause_reading", "pause_reading", "resume_reading", "resume_reading", "pause_reading"):
                note(method)
            peer.send(b"data")
            await settle()
            states.append(list(protocol.events))
            note("resume_reading")
            await settle()
            states.append(list(protocol.events))
            note("close")
            for method in ("pause_reading", "resume_reading", "is_reading"):
                note(method)
            await protocol.until_lost()
            for method in ("pause_reading", "resume_reading", "is_reading"):
                note(method)
        return states

    assert_same_course(scenario)


def test_reading_paused_from_the_start(each_loop: asyncio.AbstractEventLoop) -> None:
    if FIRST_311:
        skip_fault(each_loop, "they read all the same")

    async def scenario() -> None:
        recorder = Recorder(connection_made=lambda _recorder, transport: transport.pause_reading())
        async with opened(recorder) as (transport, protocol, peer):
            assert not transport.is_reading()
            peer.send(b"data")
            await settle()
            assert protocol.events == ["connection_made"]
            transport.resume_reading()
            await protocol.until_received(4)
            assert protocol.data == b"data"

    run(each_loop, scenario())


def test_pausing_and_resuming_when_the_connection_is_made() -> None:
    """Before reading has begun at all."""

    def act(recorder: AnyRecorder, transport: asyncio.Transport) -> None:
        recorder.events.append(f"reading {transport.is_reading()}")
        transport.pause_reading()
        recorder.events.append(f"reading {transport.is_reading()}")
        transport.resume_reading()
        recorder.events.append(f"reading {transport.is_reading()}")

    async def scenario() -> object:
        async with opened(Recorder(connection_made=act)) as (_, protocol, peer):
            for number in range(3):
                peer.send(b"%d" % number)
                await settle()
            return protocol.events, bytes(protocol.data)

    assert_same_course(scenario)


@pytest.mark.parametrize("protocol_type", [Recorder, BufferedRecorder])
def test_data_that_is_ready_when_reading_is_paused(protocol_type: type[AnyRecorder]) -> None:
    """A callback of the same iteration pauses: the course depends on who comes first, as in asyncio."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        async with opened(protocol_type()) as (transport, protocol, peer):
            seen: list[object] = []
            peer.send(b"one")
            loop.call_soon(transport.pause_reading)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            seen.append(list(protocol.events))
            await settle()
            seen.append(list(protocol.events))
            transport.resume_reading()
            transport.pause_reading()
            transport.resume_reading()
            await protocol.until_received(3)
            seen.append(list(protocol.events))
            return seen

    assert_same_course(scenario)


def test_the_end_waits_for_reading_to_be_resumed(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        async with opened() as (transport, protocol, peer):
            transport.pause_reading()
            peer.send(b"data")
            peer.close()
            await settle()
            assert protocol.events == ["connection_made"]
            assert not transport.is_closing()
            transport.resume_reading()
            await protocol.until_lost()
            assert protocol.data == b"data"
            assert protocol.events[2:] == ["eof_received", "connection_lost NoneType"]

    run(each_loop, scenario())


def test_a_paused_transport_goes_on_writing(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        async with opened() as (transport, _, peer):
            transport.pause_reading()
            transport.write(bytes(1_000_000))
            assert len(await receive(peer, 1_000_000)) == 1_000_000

    run(each_loop, scenario())


@pytest.mark.parametrize("first", [Recorder, BufferedRecorder])
@pytest.mark.parametrize("second", [Recorder, BufferedRecorder])
def test_the_protocol_is_changed_between_data(
    each_loop: asyncio.AbstractEventLoop, first: type[AnyRecorder], second: type[AnyRecorder]
) -> None:
    """There and back again. A new protocol is not told of the connection."""

    async def scenario() -> None:
        async with opened(first()) as (transport, old, peer):
            new = second()
            assert transport.get_protocol() is old
            await send(peer, b"for the old")
            await old.until_received(11)
            transport.set_protocol(new)
            assert transport.get_protocol() is new
            await send(peer, b"for the new")
            await new.until_received(11)
            transport.set_protocol(old)
            await send(peer, b"back again")
            await old.until_received(21)
            transport.set_protocol(new)
            peer.close()
            await new.until_lost()
        assert (bytes(old.data), bytes(new.data)) == (b"for the oldback again", b"for the new")
        assert "connection_made" not in new.events
        assert new.events[-2:] == ["eof_received", "connection_lost NoneType"]
        assert "connection_lost NoneType" not in old.events

    run(each_loop, scenario())


@pytest.mark.parametrize("first", [Recorder, BufferedRecorder])
@pytest.mark.parametrize("second", [Recorder, BufferedRecorder])
def test_the_protocol_is_changed_in_a_callback(
    each_loop: asyncio.AbstractEventLoop, first: type[AnyRecorder], second: type[AnyRecorder]
) -> None:
    """The rest of the data is the new one's, from the very next byte on."""

    async def scenario() -> None:
        new = second()

        def hand_over(recorder: AnyRecorder, _data: object) -> None:
            recorder.transport.set_protocol(new)

        hooks: dict[str, Any] = {"data_received": hand_over, "buffer_updated": hand_over}
        async with opened(first(**hooks)) as (_, old, peer):
            text = bytes(range(250)) * 2000
            await send(peer, text)
            peer.shutdown(socket.SHUT_WR)
            await new.until_noted("eof_received")
            assert 0 < len(old.data) < len(text)
            assert old.data + new.data == text

    run(each_loop, scenario())


def test_a_protocol_set_when_the_connection_is_made(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        new = Recorder()
        first = Recorder(connection_made=lambda _recorder, transport: transport.set_protocol(new))
        async with opened(first) as (transport, _, peer):
            assert transport.get_protocol() is new
            await send(peer, b"data")
            await new.until_received(4)
            assert first.events == ["connection_made"]

    run(each_loop, scenario())


def test_a_protocol_set_while_the_transport_closes() -> None:
    async def scenario() -> object:
        seen: list[object] = []
        for ending in ("close", "abort"):
            async with opened() as (transport, old, _peer):
                new = Recorder()
                getattr(transport, ending)()
                transport.set_protocol(new)
                seen.append(transport.get_protocol() is new)
                await new.until_lost()
                seen.append((old.events, new.events, transport.get_protocol()))
        return seen

    assert_same_course(scenario)


def test_methods_replaced_after_the_connection_was_made() -> None:
    """A protocol is an object like any other: somebody may patch it or change its class."""

    async def scenario() -> object:
        class Other(Recorder):
            def data_received(self, data: bytes) -> None:
                self.events.append(f"the other's {data!r}")

        async with opened() as (_, protocol, peer):
            protocol_as_any: Any = protocol
            peer.send(b"one")
            await settle()
            protocol_as_any.data_received = lambda data: protocol.events.append(f"patched {data!r}")
            peer.send(b"two")
            await settle()
            del protocol_as_any.data_received
            protocol_as_any.__class__ = Other
            peer.send(b"three")
            await settle()
            Other.data_received = lambda self, data: self.events.append(f"patched class {data!r}")  # type: ignore[method-assign]
            peer.send(b"four")
            await settle()
            return protocol.events

    text = assert_same_course(scenario)
    assert "patched class b'four'" in text


def test_wrong_arguments() -> None:
    async def scenario() -> object:
        async with opened() as (any_transport, protocol, _):
            transport: Any = any_transport
            calls = {
                "pause_reading": lambda: transport.pause_reading(1),
                "resume_reading": lambda: transport.resume_reading(1),
                "is_reading": lambda: transport.is_reading(1),
                "set_protocol": transport.set_protocol,
                "get_protocol": lambda: transport.get_protocol(1),
                "close": lambda: transport.close(1),
                "abort": lambda: transport.abort(1),
                "is_closing": lambda: transport.is_closing(x=1),
                "get_extra_info": transport.get_extra_info,
                "can_write_eof": lambda: transport.can_write_eof(0),
            }
            results = {name: outcome_of(call).raised for name, call in calls.items()}
            return results, protocol.events, transport.is_closing()

    assert assert_same_course(scenario).count("TypeError") == 10


def test_reading_starts_in_the_run_after_it_was_resumed(each_loop: asyncio.AbstractEventLoop) -> None:
    ours, peer = socket_pair()
    with peer:
        transport, protocol = each_loop.run_until_complete(each_loop.connect_accepted_socket(Recorder, ours))
        transport.pause_reading()
        peer.send(b"data")
        run_idle(each_loop)
        assert protocol.data == b""
        transport.resume_reading()
        assert protocol.data == b""
        run_idle(each_loop)
        assert protocol.data == b"data"
        transport.close()
        run_idle(each_loop)
