"""Cancelled waits for plain sockets lose nothing, double nothing, and leave the number of the socket alone."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

from support.loops import run_iteration
from support.raw_sockets import DATA, RECEIVERS, Receiver, receivers
from support.squatters import squatters
from support.streams import LARGE, arrived, skip_fault, socket_pair


@receivers
@pytest.mark.parametrize("steps", range(5))
@pytest.mark.parametrize("arrives", range(3))
def test_cancelled_receiving_loses_nothing(
    each_loop: asyncio.AbstractEventLoop, receiver: Receiver, steps: int, arrives: int
) -> None:
    """Whenever the data comes and whenever the cancellation: either it is returned, or it is still in the socket."""
    ours, peer = socket_pair()
    with ours, peer:
        receiving: Any = asyncio.ensure_future(receiver(each_loop, ours), loop=each_loop)
        for step in range(5):
            if step == arrives:
                peer.send(DATA)
            if step == steps:
                receiving.cancel()
            run_iteration(each_loop)
        run_iteration(each_loop)
        left = arrived(ours)
        if receiving.cancelled():
            if left != DATA:
                skip_fault(each_loop, "what is read in the iteration of the cancellation is lost")
            assert left == DATA
        else:
            assert DATA[:4] in str(receiving.result()).encode()
        assert not each_loop.remove_reader(ours)


@pytest.mark.parametrize("steps", range(4))
def test_cancelled_sending(each_loop: asyncio.AbstractEventLoop, steps: int) -> None:
    """What was sent is the beginning of it, and nothing is sent afterwards."""
    content = bytes(range(256)) * (LARGE // 256)
    ours, peer = socket_pair()
    with ours, peer:
        sending = asyncio.ensure_future(each_loop.sock_sendall(ours, content), loop=each_loop)
        for _ in range(steps):
            run_iteration(each_loop)
        sending.cancel()
        received = arrived(peer)
        for _ in range(4):
            run_iteration(each_loop)
        assert sending.cancelled()
        received += arrived(peer)
        assert content.startswith(received)
        assert not each_loop.remove_writer(ours)


@pytest.mark.parametrize("steps", range(5))
@pytest.mark.parametrize("arrives", range(3))
def test_cancelled_accepting_loses_no_connection(loop: asyncio.AbstractEventLoop, steps: int, arrives: int) -> None:
    """Asyncio loses one that it accepts in the iteration of the cancellation."""
    with socket.create_server(("127.0.0.1", 0)) as listener, contextlib.ExitStack() as clients:
        listener.setblocking(False)
        accepting: Any = asyncio.ensure_future(loop.sock_accept(listener), loop=loop)
        for step in range(5):
            if step == arrives:
                clients.enter_context(socket.create_connection(listener.getsockname()))
            if step == steps:
                accepting.cancel()
            run_iteration(loop)
        run_iteration(loop)
        assert not loop.remove_reader(listener)
        if accepting.cancelled():
            connection, _ = listener.accept()
        else:
            connection, _ = accepting.result()
        connection.close()


async def _send_file(loop: Any, end: socket.socket) -> object:
    with tempfile.TemporaryFile() as file:
        file.truncate(LARGE)
        return await loop.sock_sendfile(end, file, fallback=False)


_WAITS: Final[dict[str, Callable[[Any, socket.socket], Awaitable[object]]]] = {
    **RECEIVERS,
    "sock_accept": lambda loop, end: loop.sock_accept(end),
    "sock_sendall": lambda loop, end: loop.sock_sendall(end, bytes(LARGE)),
    "sock_sendfile": _send_file,
}


@pytest.mark.parametrize("name", _WAITS)
@pytest.mark.parametrize("closed_first", [False, True])
def test_numbers_that_come_back(each_loop: asyncio.AbstractEventLoop, name: str, closed_first: bool) -> None:
    """The socket of a wait that is cancelled is closed, and its number is somebody else's at once."""
    if closed_first:
        skip_fault(each_loop, "they refuse to watch a number that a wait has left")
    ours, peer = socket.create_server(("127.0.0.1", 0)), socket.socket()
    if name != "sock_accept":
        ours.close()
        peer.close()
        ours, peer = socket_pair()
    ours.setblocking(False)
    with peer:
        waiting: Any = asyncio.ensure_future(_WAITS[name](each_loop, ours), loop=each_loop)
        for _ in range(2):
            run_iteration(each_loop)
        assert not waiting.done()
        with squatters(each_loop) as taken:
            if closed_first:
                ours.close()
                taken.take()
                taken.watch()
            waiting.cancel()
            if not closed_first:
                taken.step(3)
                ours.close()
                taken.step()
                taken.watch()
            taken.check_watched()
            assert waiting.cancelled()
            taken.check_watched()
