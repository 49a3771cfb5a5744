"""Peers that reset, stall, end halfway or send a byte at a time."""

from __future__ import annotations

import asyncio
import errno
import socket

import pytest

from support.protocols import AnyRecorder, BufferedRecorder, Recorder
from support.streams import (
    FAMILIES,
    LARGE,
    assert_same_course,
    closed,
    opened,
    receive,
    receive_all,
    reset_on_close,
    run,
    send,
    settle,
    socket_pair,
)


@pytest.mark.parametrize("kind", [Recorder, BufferedRecorder])
def test_a_reset(kind: type[AnyRecorder]) -> None:
    """The error of the read is the one that connection_lost is given."""

    async def scenario() -> object:
        async with opened(kind(), socket_pair("tcp")) as (_, protocol, peer):
            await send(peer, b"data")
            await protocol.until_received(4)
            reset_on_close(peer)
            peer.close()
            await protocol.until_lost()
            error = protocol.losses[0]
            assert isinstance(error, OSError)
            return protocol.events, error.errno, str(error), len(protocol.losses)

    assert str(errno.ECONNRESET) in assert_same_course(scenario)


@pytest.mark.parametrize("reading", [True, False], ids=["reading", "paused"])
def test_a_reset_while_much_waits_to_be_written(reading: bool) -> None:
    async def scenario() -> object:
        async with opened(pair=socket_pair("tcp")) as (transport, protocol, peer):
            if not reading:
                transport.pause_reading()
            transport.write(bytes(LARGE * 2))
            await receive(peer, 100_000)
            reset_on_close(peer)
            peer.close()
            await protocol.until_lost()
            transport.write(b"ignored")
            error = protocol.losses[0]
            # Whether the read or the write finds it first decides between the two kinds.
            assert isinstance(error, ConnectionResetError | BrokenPipeError)
            return protocol.events[:2], type(error).__name__, transport.get_write_buffer_size(), transport.is_closing()

    assert_same_course(scenario)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_peer_that_closes_while_much_waits_to_be_written(family: str) -> None:
    """With data unread, which is a reset."""

    async def scenario() -> object:
        async with opened(pair=socket_pair(family)) as (transport, protocol, peer):
            transport.pause_reading()
            transport.write(bytes(LARGE * 2))
            await receive(peer, 100_000)
            peer.close()
            await protocol.until_lost()
            return protocol.events, transport.get_write_buffer_size(), len(protocol.losses)

    assert_same_course(scenario)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_peer_that_ends_its_stream_while_much_waits_to_be_written(
    each_loop: asyncio.AbstractEventLoop, family: str
) -> None:
    """A half-closed peer goes on reading: everything arrives, even though the transport closes at once."""

    async def scenario() -> None:
        async with opened(pair=socket_pair(family)) as (transport, protocol, peer):
            transport.write(b"x" * LARGE)
            peer.shutdown(socket.SHUT_WR)
            await protocol.until_noted("eof_received")
            assert len(await receive_all(peer)) == LARGE
            await protocol.until_lost()
            assert protocol.losses == [None]

    run(each_loop, scenario())


def test_a_request_and_an_answer_after_the_end(each_loop: asyncio.AbstractEventLoop) -> None:
    """A client that ends its stream after the request, and a server that answers in its own time."""

    async def scenario() -> None:
        async with opened(Recorder(eof_received=lambda _recorder: True), socket_pair("tcp")) as (
            transport,
            protocol,
            peer,
        ):
            await send(peer, b"request")
            peer.shutdown(socket.SHUT_WR)
            await protocol.until_noted("eof_received")
            assert not transport.is_closing()
            for number in range(20):
                transport.write(b"%02d" % number * 10_000)
                await asyncio.sleep(0)
            transport.write_eof()
            received = await receive_all(peer)
            assert received == b"".join(b"%02d" % number * 10_000 for number in range(20))
            # Both ends of the stream have been reached, but closing is up to the program.
            await settle()
            assert not protocol.losses
            transport.close()
            await protocol.until_lost()

    run(each_loop, scenario())


def test_both_ends_half_closed() -> None:
    """Neither sends any more; what becomes of a transport that was to stay open."""

    async def scenario() -> object:
        async with opened(Recorder(eof_received=lambda _recorder: True)) as (transport, protocol, peer):
            transport.write_eof()
            peer.shutdown(socket.SHUT_WR)
            await protocol.until_noted("eof_received")
            await settle()
            first = list(protocol.events), transport.is_closing()
            peer.close()
            await settle()
            return first, protocol.events, transport.is_closing()

    assert_same_course(scenario)


@pytest.mark.parametrize("kind", [Recorder, BufferedRecorder])
def test_a_byte_at_a_time_in_both_directions(each_loop: asyncio.AbstractEventLoop, kind: type[AnyRecorder]) -> None:
    async def scenario() -> None:
        async with opened(kind(), socket_pair("tcp")) as (transport, protocol, peer):
            for number in range(200):
                await send(peer, bytes([number]))
                transport.write(bytes([255 - number]))
                if number % 5 == 0:
                    await protocol.until_received(number + 1)
            await protocol.until_received(200)
            assert protocol.data == bytes(range(200))
            assert await receive(peer, 200) == bytes(255 - number for number in range(200))

    run(each_loop, scenario())


def test_a_stalled_peer_that_goes_on(each_loop: asyncio.AbstractEventLoop) -> None:
    """It reads nothing for a while, then a little, then all."""

    async def scenario() -> None:
        async with opened(pair=socket_pair("tcp")) as (transport, protocol, peer):
            transport.write(b"x" * LARGE)
            for _ in range(5):
                await settle()
                before = transport.get_write_buffer_size()
                assert len(await receive(peer, 1000)) == 1000
                assert transport.get_write_buffer_size() <= before
            transport.close()
            await settle()
            assert not protocol.losses
            assert len(await receive_all(peer)) == LARGE - 5000

    run(each_loop, scenario())


def test_a_stalled_peer_does_not_hold_up_others(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        async with opened() as (stalled, _, _peer), opened() as (transport, protocol, peer):
            stalled.write(bytes(LARGE))
            for number in range(50):
                transport.write(b"%02d" % number)
                await send(peer, await receive(peer, 2))
            await protocol.until_received(100)
            assert stalled.get_write_buffer_size() > 0

    run(each_loop, scenario())


def test_a_peer_that_sends_for_ever_does_not_hold_up_others(each_loop: asyncio.AbstractEventLoop) -> None:
    """Data for one connection, however much, is read in turns with everything else."""

    async def scenario() -> None:
        def answer_at_once(recorder: AnyRecorder, data: bytes) -> None:
            # The peer is another transport of this loop, so there is always more.
            recorder.transport.write(data)

        first, second = socket_pair()
        one, _ = await each_loop.connect_accepted_socket(lambda: Recorder(data_received=answer_at_once), first)
        other, _ = await each_loop.connect_accepted_socket(lambda: Recorder(data_received=answer_at_once), second)
        one.write(b"ball" * 1000)
        async with opened() as (transport, protocol, peer):
            for number in range(100):
                await send(peer, b"%02d" % number)
                await protocol.until_received(2 * number + 2)
                transport.write(b"done")
                await receive(peer, 4)
        one.abort()
        other.abort()
        await closed(one)
        await closed(other)

    run(each_loop, scenario())


def test_urgent_data_is_no_end(each_loop: asyncio.AbstractEventLoop) -> None:
    """Out-of-band data makes a descriptor exceptional, not readable or writable."""

    async def scenario() -> None:
        async with opened(pair=socket_pair("tcp")) as (_, protocol, peer):
            await send(peer, b"before")
            peer.send(b"!", socket.MSG_OOB)
            await send(peer, b"after")
            await protocol.until_received(11)
            assert protocol.data == b"beforeafter"
            assert not protocol.losses

    run(each_loop, scenario())


def test_a_connection_that_is_refused(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            with pytest.raises(ConnectionRefusedError):
                await each_loop.create_connection(Recorder, *unused.getsockname())

    run(each_loop, scenario())


def test_a_socket_that_is_not_connected() -> None:
    """The transport is made, and finds out when it reads."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        protocol = Recorder()
        transport, _ = await loop.create_connection(lambda: protocol, sock=socket.socket())
        await protocol.until_lost()
        await closed(transport)
        return protocol.events[0], len(protocol.losses), transport.get_extra_info("peername")

    assert_same_course(scenario)


def test_a_peer_that_is_killed_mid_write(each_loop: asyncio.AbstractEventLoop) -> None:
    """Connections of which each is reset at another moment: every loss is told once, and nothing else fails."""

    async def one(number: int) -> None:
        async with opened(pair=socket_pair("tcp")) as (transport, protocol, peer):
            for piece in range(number):
                transport.write(b"x" * piece * 1000)
                if piece % 3 == 0:
                    await asyncio.sleep(0)
            reset_on_close(peer)
            peer.close()
            for _ in range(3):
                transport.write(b"y" * 1000)
                await asyncio.sleep(0)
            await protocol.until_lost()
            await settle()
            assert len(protocol.losses) == 1

    async def scenario() -> None:
        await asyncio.gather(*(one(number) for number in range(40)))

    run(each_loop, scenario())
