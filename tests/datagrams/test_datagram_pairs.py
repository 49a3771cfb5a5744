"""A datagram transport of one end of a `socket.socketpair`, whose peer has no name.

asyncio takes it for one without a peer: `sendto` without an address fails there, and closes the transport. So does
uvloop (issue 304).
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.datagrams import Recorder, close, endpoint, run_until
from support.loops import run_idle
from support.streams import reports


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two sockets of datagrams that are connected to each other."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        theirs.settimeout(30)
        yield ours, theirs


def test_asyncio_cannot_send_without_an_address(pair: tuple[socket.socket, socket.socket]) -> None:
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        loop = runner.get_loop()
        recorder = endpoint(loop, sock=pair[0])
        with reports(loop) as reported:
            recorder.transport.sendto(b"data")
            run_idle(loop)
        assert [report.message for report in reported] == ["Fatal write error on datagram transport"]
        assert recorder.events[-1][0] == "lost"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_what_is_sent_arrives_in_order(
    loop: asyncio.AbstractEventLoop, pair: tuple[socket.socket, socket.socket], kind: type[bytes]
) -> None:
    recorder = endpoint(loop, sock=pair[0])
    assert isinstance(recorder.transport, asyncio.DatagramTransport)
    assert type(recorder.transport).__name__ == "DatagramTransport"
    loop.call_soon(recorder.transport.sendto, kind(b"one"))
    loop.call_soon(recorder.transport.sendto, kind(b"two"), None)
    run_idle(loop)
    assert [pair[1].recv(9), pair[1].recv(9)] == [b"one", b"two"]
    pair[1].send(b"answer")
    run_until(loop, lambda: b"answer" in recorder.events)
    assert recorder.transport.get_extra_info("peername") == ""
    assert recorder.transport.get_extra_info("socket").fileno() == pair[0].fileno()
    close(loop, recorder)
    assert recorder.events == ["made", b"answer", ("lost", None)]
    assert pair[0].fileno() == -1


def test_what_there_is_no_room_for_is_sent_later(
    loop: asyncio.AbstractEventLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    recorder = endpoint(loop, sock=pair[0])
    sent = [os.urandom(4096) for _ in range(300)]

    def send() -> None:
        for data in sent:
            recorder.transport.sendto(data)

    loop.call_soon(send)
    run_idle(loop)
    transport: Any = recorder.transport
    assert transport.get_write_buffer_size() > 0
    received: list[bytes] = []

    async def receive() -> None:
        while len(received) < len(sent):
            received.append(await loop.sock_recv(pair[1], 1 << 16))

    pair[1].setblocking(False)
    loop.run_until_complete(asyncio.wait_for(receive(), 30))
    assert received == sent
    close(loop, recorder)
    assert recorder.events == ["made", "pause", "resume", ("lost", None)]


def test_an_address_is_heeded(
    each_loop: asyncio.AbstractEventLoop, pair: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    """As on asyncio: it goes there, and not to the peer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as third:
        third.bind(str(tmp_path / "third"))
        third.settimeout(30)
        recorder = endpoint(each_loop, sock=pair[0])
        each_loop.call_soon(recorder.transport.sendto, b"to another", third.getsockname())
        run_idle(each_loop)
        assert third.recv(99) == b"to another"
        close(each_loop, recorder)


def test_a_peer_that_is_gone(loop: asyncio.AbstractEventLoop, pair: tuple[socket.socket, socket.socket]) -> None:
    recorder: Recorder = endpoint(loop, sock=pair[0])
    pair[1].close()
    loop.call_soon(recorder.transport.sendto, b"data")
    run_until(loop, lambda: len(recorder.events) > 1)
    close(loop, recorder)
    assert recorder.events[0] == "made"
    assert recorder.events[1] in ("ConnectionRefusedError", "ConnectionResetError")
    assert recorder.events[-1] == ("lost", None)


def test_a_socket_without_a_peer_is_refused_as_on_asyncio(each_loop: asyncio.AbstractEventLoop) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as alone:
        recorder = endpoint(each_loop, sock=alone)
        with reports(each_loop) as reported:
            recorder.transport.sendto(b"data")
            run_idle(each_loop)
        assert [report.message for report in reported] == ["Fatal write error on datagram transport"]
        assert recorder.events[-1][0] == "lost"
