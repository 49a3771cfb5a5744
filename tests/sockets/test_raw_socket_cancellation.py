"""Cancelled waits for plain sockets lose nothing, double nothing, and leave the number of the socket alone."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, TypeAlias

import pytest

from support.loops import run_iteration
from support.raw_sockets import DATA, RECEIVERS, Receiver, receivers
from support.squatters import squatters
from support.streams import LARGE, arrived, skip_fault, socket_pair

_Made: TypeAlias = Callable[[], contextlib.AbstractContextManager[tuple[socket.socket, Any]]]
"""A socket, and the address to use it with."""

_Waiting: TypeAlias = Callable[[Any, socket.socket, Any], Awaitable[object]]
_Wait: TypeAlias = tuple[_Made, _Waiting]


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


@contextlib.contextmanager
def _stream() -> Iterator[tuple[socket.socket, Any]]:
    ours, peer = socket_pair()
    with ours, peer:
        yield ours, None


@contextlib.contextmanager
def _listener() -> Iterator[tuple[socket.socket, Any]]:
    with socket.create_server(("127.0.0.1", 0)) as ours:
        ours.setblocking(False)
        yield ours, None


@contextlib.contextmanager
def _client_of_a_busy_listener() -> Iterator[tuple[socket.socket, Any]]:
    """A client, and the address of a listener whose queue is full already."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        with socket.create_connection(address), socket.socket() as ours:
            ours.setblocking(False)
            yield ours, address


@contextlib.contextmanager
def _sender_to_a_full_socket() -> Iterator[tuple[socket.socket, Any]]:
    """A sender of datagrams, and the address of a receiver that has no room for another."""
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours,
    ):
        receiver.bind("")  # a name of the system's choice
        ours.setblocking(False)
        # Only of a connected sender does the system say when the receiver has room again.
        ours.connect(receiver.getsockname())
        with contextlib.suppress(BlockingIOError):
            while True:
                ours.send(DATA)
        yield ours, receiver.getsockname()


async def _send_file(loop: Any, end: socket.socket, _address: object) -> object:
    with tempfile.TemporaryFile() as file:
        file.truncate(LARGE)
        return await loop.sock_sendfile(end, file, fallback=False)


def _received_by(receiver: Receiver) -> _Wait:
    return _stream, lambda loop, end, _: receiver(loop, end)


_WAITS: Final[dict[str, _Wait]] = {
    **{name: _received_by(receiver) for name, receiver in RECEIVERS.items()},
    "sock_accept": (_listener, lambda loop, end, _: loop.sock_accept(end)),
    "sock_connect": (_client_of_a_busy_listener, lambda loop, end, address: loop.sock_connect(end, address)),
    "sock_sendall": (_stream, lambda loop, end, _: loop.sock_sendall(end, bytes(LARGE))),
    "sock_sendto": (_sender_to_a_full_socket, lambda loop, end, address: loop.sock_sendto(end, DATA, address)),
    "sock_sendfile": (_stream, _send_file),
}


@pytest.mark.parametrize(("made", "wait"), _WAITS.values(), ids=list(_WAITS))
@pytest.mark.parametrize("closed_first", [False, True])
def test_numbers_that_come_back(
    each_loop: asyncio.AbstractEventLoop, made: _Made, wait: _Waiting, closed_first: bool
) -> None:
    """The socket of a wait that is cancelled is closed, and its number is somebody else's at once."""
    if closed_first:
        skip_fault(each_loop, "they refuse to watch a number that a wait has left")
    with made() as (ours, address):
        waiting: Any = asyncio.ensure_future(wait(each_loop, ours, address), loop=each_loop)
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
            assert taken.check() >= 1
            taken.check_watched()
