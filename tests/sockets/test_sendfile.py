"""Files sent by the kernel, or in pieces where it cannot: over stream transports and over plain sockets."""

from __future__ import annotations

import asyncio
import io
import os
import random
import socket
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

import pytest

from support.certificates import HOST, client_context, server_context
from support.outcomes import outcome_of
from support.protocols import Recorder
from support.servers import Service
from support.streams import (
    FAMILIES,
    arrived,
    assert_same_course,
    closed,
    opened,
    receive,
    receive_all,
    reports,
    run,
    settle,
    skip_fault,
    socket_pair,
)

_CONTENT: Final = random.Random(0).randbytes(700_001)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[IO[bytes]]:
    """A file with some content, open for reading."""
    path = tmp_path / "file"
    path.write_bytes(_CONTENT)
    with path.open("rb") as opened_file:
        yield opened_file


_PARTS: Final = [(0, None), (1, None), (700_000, None), (700_001, None), (0, 1), (5, 100_000), (600_000, 500_000)]


@pytest.mark.parametrize(("offset", "count"), _PARTS)
def test_part_of_a_file(each_loop: asyncio.AbstractEventLoop, file: IO[bytes], offset: int, count: int | None) -> None:
    """Between what was written before and what is written after it; the file's position is then behind it."""
    expected = _CONTENT[offset:] if count is None else _CONTENT[offset : offset + count]

    async def scenario() -> None:
        async with opened() as (transport, protocol, peer):
            reading = asyncio.create_task(receive_all(peer))
            transport.write(b"<" * 400_000)
            assert await each_loop.sendfile(transport, file, offset, count) == len(expected)
            if expected:
                assert file.tell() == offset + len(expected)
            transport.write(b">")
            transport.close()
            received = await reading
            assert received == b"<" * 400_000 + expected + b">"
            await protocol.until_lost()

    run(each_loop, scenario())
    each_loop.run_until_complete(each_loop.shutdown_default_executor())


@pytest.mark.parametrize("family", FAMILIES)
def test_several_files_after_each_other(each_loop: asyncio.AbstractEventLoop, file: IO[bytes], family: str) -> None:
    async def scenario() -> None:
        async with opened(pair=socket_pair(family)) as (transport, _, peer):
            reading = asyncio.create_task(receive_all(peer))
            for number in range(4):
                transport.write(b"%d" % number)
                await each_loop.sendfile(transport, file)
            transport.write_eof()
            assert await reading == b"".join(b"%d" % number + _CONTENT for number in range(4))

    run(each_loop, scenario())


def test_reading_and_writing_meanwhile() -> None:
    """Reading is paused, writing refused."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        seen: list[object] = []
        with Path(__file__).open("rb") as small:
            size = len(small.read())
            async with opened() as (transport, protocol, peer):
                transport.write(bytes(500_000))
                sending = asyncio.ensure_future(loop.sendfile(transport, small))
                await settle()
                seen.append(transport.is_reading())
                for refused in (partial(transport.write, b"data"), partial(transport.writelines, [b"data"])):
                    outcome = outcome_of(refused)
                    seen.append((outcome.raised, "sendfile is in progress" in outcome.text))
                peer.send(b"data")
                await settle()
                seen.append(bytes(protocol.data))
                await receive(peer, 500_000)
                seen.append(await sending == size)
                await protocol.until_received(4)
                seen.append((transport.is_reading(), bytes(protocol.data)))
                transport.write(b"allowed again")
                transport.write_eof()
                seen.append((await receive_all(peer))[size:])
        return seen

    text = assert_same_course(scenario)
    assert text.count("('RuntimeError', True)") == 2


def test_a_peer_that_closes_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(bytes(5_000_000))

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        with path.open("rb") as large:
            async with opened() as (transport, protocol, peer):
                sending = asyncio.ensure_future(loop.sendfile(transport, large))
                await settle()
                peer.close()
                with pytest.raises(BrokenPipeError):
                    await sending
                await protocol.until_lost()
                return protocol.events, transport.is_closing()

    assert_same_course(scenario)


@pytest.mark.parametrize("steps", [0, 1, 3, 6])
def test_a_cancelled_sendfile(each_loop: asyncio.AbstractEventLoop, file: IO[bytes], steps: int) -> None:
    """The transport is fit for use again; what was sent is the beginning of the file."""

    async def scenario() -> None:
        async with opened() as (transport, protocol, peer):
            sending = asyncio.ensure_future(each_loop.sendfile(transport, file))
            for _ in range(steps):
                await asyncio.sleep(0)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            assert transport.is_reading()
            transport.write(b"afterwards")
            peer.send(b"data")
            await protocol.until_received(4)
            transport.write_eof()
            received = await receive_all(peer)
            assert received.endswith(b"afterwards")
            sent = received.removesuffix(b"afterwards")
            assert sent == _CONTENT[: len(sent)]

    run(each_loop, scenario())


@pytest.mark.parametrize("offset", [1000, len(_CONTENT), len(_CONTENT) + 1000])
def test_where_the_file_is_left(file: IO[bytes], offset: int) -> None:
    """Behind what was sent; if that is nothing, before 3.15, where it was."""

    async def scenario() -> object:
        ours, peer = socket_pair()
        with ours, peer:
            os.lseek(file.fileno(), 7, os.SEEK_SET)
            reading = asyncio.create_task(receive(peer, max(0, len(_CONTENT) - offset)))
            sent = await asyncio.get_running_loop().sock_sendfile(ours, file, offset, fallback=False)
            await reading
            return sent, os.lseek(file.fileno(), 0, os.SEEK_CUR)

    assert_same_course(scenario)


def test_what_the_kernel_cannot_send(each_loop: asyncio.AbstractEventLoop) -> None:
    """Sent in pieces, unless that is forbidden."""
    if sys.version_info >= (3, 12):
        skip_fault(each_loop, "they keep a view of the buffer that the next piece is read into")

    async def scenario() -> None:
        async with opened() as (transport, _, peer):
            reading = asyncio.create_task(receive_all(peer))
            memory = io.BytesIO(_CONTENT)
            with pytest.raises(asyncio.SendfileNotAvailableError):
                await each_loop.sendfile(transport, memory, fallback=False)
            assert await each_loop.sendfile(transport, memory, 10, 50_000) == 50_000
            assert await each_loop.sendfile(transport, memory, 60_000) == len(_CONTENT) - 60_000
            transport.write_eof()
            assert await reading == _CONTENT[10:50_010] + _CONTENT[60_000:]

    run(each_loop, scenario())
    each_loop.run_until_complete(each_loop.shutdown_default_executor())


def test_arguments_that_do_not_fit(file: IO[bytes], tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("text")

    async def scenario() -> object:
        loop: Any = asyncio.get_running_loop()
        raised = []
        with text.open() as text_file:
            async with opened() as (transport, _, _peer):
                for arguments in ((file, -1), (file, 0, -1), (file, 0, 0), (text_file,), (file, "0"), (file, 0, "1")):
                    try:
                        await loop.sendfile(transport, *arguments)
                    except (TypeError, ValueError) as error:
                        raised.append((type(error).__name__, str(error).partition("<")[0]))
                transport.close()
                try:
                    await loop.sendfile(transport, file)
                except RuntimeError as error:
                    raised.append((type(error).__name__, str(error)))
        return raised

    assert "closing" in assert_same_course(scenario)


@pytest.mark.parametrize(("offset", "count"), [(0, None), (10, 300_000)])
def test_a_file_over_tls(each_loop: asyncio.AbstractEventLoop, file: IO[bytes], offset: int, count: int | None) -> None:
    """The kernel knows nothing of TLS, so it is sent in pieces."""
    expected = _CONTENT[offset:] if count is None else _CONTENT[offset : offset + count]

    async def scenario() -> None:
        service = Service()
        server = await each_loop.create_server(service, "127.0.0.1", 0, ssl=server_context())
        transport, _ = await each_loop.create_connection(
            Recorder, *server.sockets[0].getsockname(), ssl=client_context(), server_hostname=HOST
        )
        transport.write(b"<")
        assert await each_loop.sendfile(transport, file, offset, count) == len(expected)
        transport.write(b">")
        with pytest.raises(RuntimeError, match="fallback is disabled"):
            await each_loop.sendfile(transport, file, fallback=False)
        transport.close()
        await service.until_made(1)
        await service.protocols[0].until_lost()
        assert service.protocols[0].data == b"<" + expected + b">"
        await closed(transport)
        server.close()
        await service.end()

    run(each_loop, scenario())
    each_loop.run_until_complete(each_loop.shutdown_default_executor())


def test_an_empty_file(each_loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()

    async def scenario() -> None:
        with path.open("rb") as empty:
            async with opened() as (transport, _, peer):
                assert await each_loop.sendfile(transport, empty) == 0
                transport.write(b"after")
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                assert await receive(peer, 5) == b"after"

    run(each_loop, scenario())
    each_loop.run_until_complete(each_loop.shutdown_default_executor())


@pytest.mark.parametrize("cancelled", [True, False])
def test_a_file_whose_number_becomes_another_s(
    loop: asyncio.AbstractEventLoop, file: IO[bytes], tmp_path: Path, cancelled: bool
) -> None:
    """Asyncio sends the other's content, or sets its position."""
    other = tmp_path / "other"
    other.write_bytes(b"other" * 200_000)

    async def scenario() -> None:
        ours, peer = socket_pair()
        with ours, peer:
            sending = asyncio.ensure_future(loop.sock_sendfile(ours, file))
            await settle()
            number = file.fileno()
            file.close()
            with other.open("rb", buffering=0) as unrelated:
                assert unrelated.fileno() == number
                if cancelled:
                    sending.cancel()
                reading = asyncio.create_task(receive_all(peer))
                with pytest.raises(asyncio.CancelledError if cancelled else ValueError):
                    await sending
                ours.close()
                received = await reading
                assert received
                assert received == _CONTENT[: len(received)]
                assert os.lseek(number, 0, os.SEEK_CUR) == 0

    run(loop, scenario())


@pytest.mark.parametrize("steps", range(4))
def test_a_watch_of_the_next_socket_outlives_a_cancelled_sendfile(
    loop: asyncio.AbstractEventLoop, file: IO[bytes], steps: int
) -> None:
    """On asyncio, one that begins as the cancelled one's socket is closed is ended in its place, or finds it there."""

    async def scenario() -> None:
        ours, peer = socket_pair()
        sending = asyncio.ensure_future(loop.sock_sendfile(ours, file))
        await settle()
        with peer:
            sending.cancel()
            number = ours.fileno()
            ours.close()
            near, far = socket_pair()
            with near, far:
                assert number in (near.fileno(), far.fileno())
                ready = asyncio.Event()
                for _ in range(steps):
                    await asyncio.sleep(0)
                end = near if near.fileno() == number else far
                loop.add_writer(end, ready.set)
                await ready.wait()
                with pytest.raises(asyncio.CancelledError):
                    await sending
                assert loop.remove_writer(end)

    run(loop, scenario())


def test_a_full_socket_is_waited_for(each_loop: asyncio.AbstractEventLoop, file: IO[bytes]) -> None:
    """Before the first part of the file too."""

    async def scenario() -> None:
        ours, peer = socket_pair()
        with ours, peer:
            filled = ours.send(bytes(10_000_000))
            sending = asyncio.ensure_future(each_loop.sock_sendfile(ours, file, 1000, 500_000, fallback=False))
            await settle()
            assert not sending.done()
            reading = asyncio.create_task(receive(peer, filled + 500_000))
            assert await sending == 500_000
            assert (await reading)[filled:] == _CONTENT[1000:501_000]
            assert file.tell() == 501_000

    run(each_loop, scenario())


_PARTS_OF_A_FILE: Final[dict[str, Callable[[Any, Any, Any], Any]]] = {
    "all of it": lambda loop, sock, file: loop.sock_sendfile(sock, file),
    "from an offset on": lambda loop, sock, file: loop.sock_sendfile(sock, file, offset=50),
    "so much of it": lambda loop, sock, file: loop.sock_sendfile(sock, file, offset=50, count=1000),
    "more than there is": lambda loop, sock, file: loop.sock_sendfile(sock, file, count=1 << 40),
    "without a fallback": lambda loop, sock, file: loop.sock_sendfile(sock, file, fallback=False),
    "a negative offset": lambda loop, sock, file: loop.sock_sendfile(sock, file, offset=-1),
    "a count of nothing": lambda loop, sock, file: loop.sock_sendfile(sock, file, count=0),
}


@pytest.mark.parametrize("part", _PARTS_OF_A_FILE.values(), ids=list(_PARTS_OF_A_FILE))
def test_parts_of_a_file_on_a_plain_socket(part: Callable[[Any, Any, Any], Any]) -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        ours, peer = socket_pair()
        with ours, peer, Path(__file__).open("rb") as file:
            try:
                sent = await part(loop, ours, file)
            except ValueError as error:
                return str(error).partition("<")[0]
            ours.close()
            received = b""
            while chunk := await loop.sock_recv(peer, 1 << 20):
                received += chunk
            return sent, received, file.tell()

    assert_same_course(scenario)


def test_a_transport_that_is_aborted_meanwhile(loop: asyncio.AbstractEventLoop, file: IO[bytes]) -> None:
    """As on asyncio, it is for whoever aborts to cancel the sendfile; the number's next owner is not disturbed by it.

    On asyncio the next transport under that number does not receive.
    """
    received: list[bytes] = []

    async def scenario() -> None:
        ours, peer = socket_pair()
        number = ours.fileno()
        async with opened(pair=(ours, peer)) as (transport, _, _):
            sending = asyncio.ensure_future(loop.sendfile(transport, file))
            await settle()
            transport.abort()
            await settle()
            assert not sending.done()
            async with opened() as (next_transport, protocol, next_peer):
                assert next_transport.get_extra_info("socket").fileno() == number
                sending.cancel()
                with pytest.raises((asyncio.CancelledError, OSError)):
                    await sending
                next_peer.send(b"data")
                await protocol.until_received(4)
                next_transport.write(b"answer")
                assert await receive(next_peer, 6) == b"answer"
            received.append(arrived(peer))

    with reports(loop) as reported:
        loop.run_until_complete(asyncio.wait_for(scenario(), 30))
    assert _CONTENT.startswith(received[0])
    # On asyncio the waiter for an empty buffer is told twice, which is an InvalidStateError.
    assert reported == []


def test_a_file_behind_what_cannot_be_sent(loop: asyncio.AbstractEventLoop, file: IO[bytes]) -> None:
    """On asyncio the write itself fails, and the transport is closing when the file is to be sent."""

    async def scenario() -> None:
        async with opened() as (transport, protocol, peer):
            peer.close()
            transport.write(b"nobody reads it")
            with pytest.raises(BrokenPipeError):
                await asyncio.get_running_loop().sendfile(transport, file)
            await protocol.until_lost()
            await closed(transport)

    run(loop, scenario())


def test_a_file_that_is_given_up_while_something_waits_before_it(
    loop: asyncio.AbstractEventLoop, file: IO[bytes]
) -> None:
    """What waited is sent nevertheless, and the transport closes."""

    async def scenario() -> None:
        async with opened() as (transport, protocol, peer):
            transport.write(b"<" * 2_000_000)
            sending = asyncio.ensure_future(asyncio.get_running_loop().sendfile(transport, file))
            await settle()
            sending.cancel()
            await settle()
            transport.close()
            assert await receive_all(peer) == b"<" * 2_000_000
            await protocol.until_lost()

    run(loop, scenario())
