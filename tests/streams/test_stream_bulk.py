"""Much data in many pieces: nothing is lost, repeated or put in another order, however slow the reader."""

from __future__ import annotations

import array
import asyncio
import hashlib
import random
import socket
from typing import Any, Final

import pytest

from support.protocols import AnyRecorder, BufferedRecorder, Recorder
from support.streams import FAMILIES, LARGE, closed, opened, receive_all, run, send, skip_fault, socket_pair

_PATTERN: Final = random.Random(0).randbytes(1 << 20)
_LARGEST: Final = 300 << 10
_SMALL: Final = 200


def _pieces(seed: int, *, count: int = 120) -> list[bytes]:
    """Pieces of which most are small and some are large, each with other content than its neighbours."""
    choices = random.Random(seed)
    pieces = []
    for _ in range(count):
        size = choices.randrange(_LARGEST if choices.random() < 0.15 else _SMALL)
        start = choices.randrange(len(_PATTERN) - size)
        pieces.append(_PATTERN[start : start + size])
    return pieces


def _digest(data: bytes | bytearray) -> str:
    return hashlib.sha256(data).hexdigest()


def _write_somehow(transport: asyncio.Transport, pieces: list[bytes], choices: random.Random) -> None:
    """Write `pieces` as whatever type, by whichever method."""
    if choices.random() < 0.3:
        transport.writelines([piece for piece in pieces if piece])  # asyncio cannot do with an empty one at the end
        return
    for piece in pieces:
        transport.write(choices.choice((bytes, bytearray, memoryview))(piece))


async def _slow_reader(peer: socket.socket, choices: random.Random) -> bytes:
    """Everything at `peer`, read in pieces of any size with pauses of some iterations."""
    loop = asyncio.get_running_loop()
    received = bytearray()
    while chunk := await loop.sock_recv(peer, choices.choice((1, 100, 5_000, 65_536, 400_000))):
        received += chunk
        for _ in range(choices.randrange(4)):
            await asyncio.sleep(0)
    return bytes(received)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("reader", ["fast", "slow"])
def test_what_is_written(each_loop: asyncio.AbstractEventLoop, family: str, seed: int, reader: str) -> None:
    async def scenario() -> None:
        choices = random.Random(seed)
        pieces = _pieces(seed)
        async with opened(pair=socket_pair(family)) as (transport, _, peer):
            reading = asyncio.create_task(receive_all(peer) if reader == "fast" else _slow_reader(peer, choices))
            rest = pieces
            while rest:
                count = choices.randrange(1, 20)
                _write_somehow(transport, rest[:count], choices)
                rest = rest[count:]
                for _ in range(choices.randrange(3)):
                    await asyncio.sleep(0)
            transport.close()
            assert _digest(await reading) == _digest(b"".join(pieces))

    run(each_loop, scenario())


def test_a_peer_with_a_tiny_buffer(each_loop: asyncio.AbstractEventLoop) -> None:
    """Almost every call of the kernel takes part of a piece only."""

    async def scenario() -> None:
        pieces = _pieces(5, count=15)
        pair = socket_pair("tcp", receive_buffer=2048, send_buffer=4096)
        async with opened(pair=pair) as (transport, protocol, peer):
            for piece in pieces:
                transport.write(piece)
            transport.close()
            assert _digest(await receive_all(peer)) == _digest(b"".join(pieces))
            await protocol.until_lost()
            assert protocol.losses == [None]

    run(each_loop, scenario())


def test_a_large_view_of_integers(each_loop: asyncio.AbstractEventLoop) -> None:
    skip_fault(each_loop, "they count the items of a view, not its bytes")
    numbers = array.array("Q", range(LARGE // 8))

    async def scenario() -> None:
        async with opened() as (transport, _, peer):
            transport.write(memoryview(numbers))
            transport.write(memoryview(numbers))
            transport.write_eof()
            assert _digest(await receive_all(peer)) == _digest(numbers.tobytes() * 2)

    run(each_loop, scenario())


def test_a_writer_that_heeds_flow_control(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        pieces = _pieces(6)
        rest = iter(pieces)
        paused = False

        def write_on(recorder: AnyRecorder, *_arguments: object) -> None:
            nonlocal paused
            paused = False
            while not paused:
                piece = next(rest, None)
                if piece is None:
                    recorder.transport.close()
                    return
                recorder.transport.write(piece)

        def pause(_recorder: AnyRecorder) -> None:
            nonlocal paused
            paused = True

        protocol = Recorder(connection_made=write_on, pause_writing=pause, resume_writing=write_on)
        async with opened(protocol) as (_, _protocol, peer):
            assert _digest(await _slow_reader(peer, random.Random(6))) == _digest(b"".join(pieces))
        assert protocol.events.count("pause_writing") == protocol.events.count("resume_writing") > 1

    run(each_loop, scenario())


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("protocol_type", [Recorder, BufferedRecorder])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_read(
    each_loop: asyncio.AbstractEventLoop, family: str, protocol_type: type[AnyRecorder], seed: int
) -> None:
    """While the protocol pauses and resumes at its whim."""

    async def scenario() -> None:
        choices = random.Random(seed)
        pieces = _pieces(seed)

        def pause_sometimes(recorder: AnyRecorder, _data: object) -> None:
            if choices.random() < 0.2:
                recorder.transport.pause_reading()
                asyncio.get_running_loop().call_soon(recorder.transport.resume_reading)

        hooks: dict[str, Any] = {"data_received": pause_sometimes, "buffer_updated": pause_sometimes}
        async with opened(protocol_type(**hooks), socket_pair(family)) as (transport, protocol, peer):
            for piece in pieces:
                await send(peer, piece)
            peer.shutdown(socket.SHUT_WR)
            await protocol.until_noted("eof_received")
            assert _digest(protocol.data) == _digest(b"".join(pieces))
            transport.close()

    run(each_loop, scenario())


@pytest.mark.parametrize("family", FAMILIES)
def test_messages_of_all_sizes_one_by_one(each_loop: asyncio.AbstractEventLoop, family: str) -> None:
    """Around the sizes at which another way of receiving begins, and small ones behind large ones."""
    sizes = [10, 40_000, 10, 32_767, 32_768, 1, 100_000, 100_000, 99_999, 262_143, 262_144, 262_145, 2, 600_000, 3]

    async def scenario() -> None:
        async with opened(Recorder(), socket_pair(family)) as (transport, protocol, peer):
            received = 0
            for size in sizes:
                start = size % 1000
                await send(peer, _PATTERN[start : start + size])
                while len(protocol.data) < received + size:
                    await asyncio.sleep(0)
                assert _digest(protocol.data[received:]) == _digest(_PATTERN[start : start + size])
                received += size
            transport.close()

    run(each_loop, scenario())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", [Recorder, BufferedRecorder])
def test_an_echo_between_two_transports(
    each_loop: asyncio.AbstractEventLoop, seed: int, kind: type[AnyRecorder]
) -> None:
    """Both directions at once, with a server that echoes whatever it is sent."""

    def echo(recorder: Recorder, data: bytes) -> None:
        recorder.transport.write(data)

    async def scenario() -> None:
        choices = random.Random(seed)
        pieces = _pieces(seed)
        echoes: list[Recorder] = []

        def make_echo() -> Recorder:
            echoes.append(Recorder(data_received=echo))
            return echoes[-1]

        server = await each_loop.create_server(make_echo, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        protocol = kind()
        transport, _ = await each_loop.create_connection(lambda: protocol, *address)
        for piece in pieces:
            transport.write(piece)
            if choices.random() < 0.5:
                await asyncio.sleep(0)
        transport.write_eof()
        await protocol.until_noted("eof_received")
        assert _digest(protocol.data) == _digest(b"".join(pieces))
        await echoes[0].until_lost()
        await closed(transport)
        server.close()
        await server.wait_closed()

    run(each_loop, scenario())


def test_many_connections_at_once(each_loop: asyncio.AbstractEventLoop) -> None:
    """Data of one never turns up at another."""

    async def one(number: int) -> None:
        marks = [b"%d:%d," % (number, piece) * 50 for piece in range(40)]
        async with opened(pair=socket_pair(FAMILIES[number % 2])) as (transport, protocol, peer):
            reading = asyncio.create_task(receive_all(peer))
            for mark in marks:
                transport.write(mark)
                await send(peer, mark)
            transport.write_eof()
            assert await reading == b"".join(marks)
            await protocol.until_received(sum(map(len, marks)))
            assert protocol.data == b"".join(marks)

    async def scenario() -> None:
        await asyncio.gather(*map(one, range(60)))

    run(each_loop, scenario())
