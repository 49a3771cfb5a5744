"""The loop's methods for plain sockets: every one at once and after a wait, misused, racing with others."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import socket
from array import array
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import pytest

from support.loops import CLASSES
from support.outcomes import assert_same_kind
from support.programs import lines_of
from support.raw_sockets import DATA, Receiver, receivers
from support.streams import LARGE, arrived, assert_same_course, receive, run, settle, socket_pair


@receivers
@pytest.mark.parametrize("waits", [False, True], ids=["at once", "later"])
def test_receiving(receiver: Receiver, waits: bool) -> None:
    """In as many iterations as on asyncio, the end of the stream included."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        ours, peer = socket_pair()
        with ours, peer:
            seen: list[object] = []
            for ending in (False, True):
                act = partial(peer.shutdown, socket.SHUT_WR) if ending else partial(peer.send, DATA)
                if waits:
                    loop.call_later(0.01, act)
                else:
                    act()
                seen += [await receiver(loop, ours), arrived(ours)]
            return seen

    assert "some" in assert_same_course(scenario)


def test_what_is_sent_waits_for_room(each_loop: asyncio.AbstractEventLoop) -> None:
    content = bytes(range(256)) * (LARGE // 256)

    async def scenario() -> None:
        for data in (content, bytearray(content), memoryview(content)):
            ours, peer = socket_pair()
            with ours, peer:
                sending = asyncio.create_task(each_loop.sock_sendall(ours, data))
                await settle()
                assert not sending.done()
                assert await receive(peer, len(content)) == content
                await sending
                assert not each_loop.remove_writer(ours)

    run(each_loop, scenario())


def test_buffers_of_items_wider_than_a_byte(loop: asyncio.AbstractEventLoop) -> None:
    """Asyncio counts items where it ought to count bytes."""
    items = array("I", range(LARGE // 4))

    async def scenario() -> None:
        ours, peer = socket_pair()
        with ours, peer:
            sending = asyncio.create_task(loop.sock_sendall(ours, items))
            assert await receive(peer, LARGE) == items.tobytes()
            await sending
            await loop.sock_sendall(ours, array("I", [1, 2]))
            assert arrived(peer) == array("I", [1, 2]).tobytes()

    run(loop, scenario())


def test_buffers_of_nothing(each_loop: asyncio.AbstractEventLoop) -> None:
    no_rows = ((ctypes.c_int * 2) * 0)()

    async def scenario() -> None:
        ours, peer = socket_pair()
        with ours, peer:
            for nothing in (b"", bytearray(), memoryview(b""), array("I"), no_rows):
                await each_loop.sock_sendall(ours, nothing)
            assert arrived(peer) == b""

    run(each_loop, scenario())


def test_datagrams() -> None:
    """Received with their addresses; sending waits while the receiver's queue is full."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        with socket.socket(type=socket.SOCK_DGRAM) as ours, socket.socket(type=socket.SOCK_DGRAM) as peer:
            for end in (ours, peer):
                end.setblocking(False)
                end.bind(("127.0.0.1", 0))
            receiving = asyncio.ensure_future(loop.sock_recvfrom(ours, 100))
            await settle()
            sent = await loop.sock_sendto(peer, DATA, ours.getsockname())
            data, address = await receiving
            return sent, data, address == peer.getsockname()

    assert assert_same_course(scenario) == repr((len(DATA), DATA, True))


def test_datagrams_wait_for_room(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        ours, peer = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with ours, peer:
            for end in (ours, peer):
                end.setblocking(False)
            count = 0
            with contextlib.suppress(BlockingIOError):
                while True:
                    ours.send(DATA)
                    count += 1
            waiting: Any = asyncio.ensure_future(each_loop.sock_sendall(ours, b"last"))
            await settle()
            assert not waiting.done()
            received = [await each_loop.sock_recv(peer, 100) for _ in range(count + 1)]
            assert received == [DATA] * count + [b"last"]
            await waiting

    run(each_loop, scenario())


def test_connecting_and_accepting() -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
            listener.setblocking(False)
            client.setblocking(False)
            accepting = asyncio.ensure_future(loop.sock_accept(listener))
            await settle()
            await loop.sock_connect(client, listener.getsockname())
            connection, address = await accepting
            with connection:
                await loop.sock_sendall(client, DATA)
                received = await loop.sock_recv(connection, 100)
                return received, address == client.getsockname(), connection.getblocking()

    assert assert_same_course(scenario) == repr((DATA, True, False))


def test_a_refused_connection() -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        with socket.socket() as client, socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            client.setblocking(False)
            with pytest.raises(ConnectionRefusedError) as caught:
                await loop.sock_connect(client, unused.getsockname())
            assert not loop.remove_writer(client)
            return caught.value.errno == errno.ECONNREFUSED, "Connect call failed ('127.0.0.1'," in str(caught.value)

    assert assert_same_course(scenario) == "(True, True)"


def test_one_socket_again_and_again_beside_a_program_s_own_watch(each_loop: asyncio.AbstractEventLoop) -> None:
    """Waiting for one direction, watching the other, in all orders."""

    async def scenario() -> None:
        ours, peer = socket_pair()
        written: list[bool] = []
        with ours, peer:
            for number in range(12):
                if number % 3 == 0:
                    each_loop.add_writer(ours, written.append, True)
                receiving = asyncio.ensure_future(each_loop.sock_recv(ours, 100))
                await settle()
                assert bool(written) == (number % 3 != 2)
                if number % 3 == 1:
                    assert each_loop.remove_writer(ours)
                peer.send(b"%d" % number)
                assert await receiving == b"%d" % number
                written.clear()
                if number % 3 == 0:
                    await settle()
                    assert written
                assert not each_loop.remove_reader(ours)

    run(each_loop, scenario())


def test_a_second_wait_takes_the_place_of_the_first() -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        ours, peer = socket_pair()
        with ours, peer:
            first = asyncio.ensure_future(loop.sock_recv(ours, 100))
            await settle()
            second = asyncio.ensure_future(loop.sock_recv(ours, 100))
            await settle()
            peer.send(DATA)
            received = await second
            waiting = first.done()
            first.cancel()
            await settle()
            return received, waiting, first.cancelled()

    assert_same_course(scenario)


def test_when_what_arrives_is_taken(each_loop: asyncio.AbstractEventLoop) -> None:
    """On asyncio an iteration before the coroutine goes on, on PyLoop as it does; it goes on in the same one."""

    async def scenario() -> list[bytes]:
        ours, peer = socket_pair()
        with ours, peer:
            receiving = asyncio.ensure_future(each_loop.sock_recv(ours, 100))
            await settle()
            peer.send(DATA)
            left = []
            for _ in range(3):
                await asyncio.sleep(0)
                with contextlib.suppress(BlockingIOError):
                    left.append(ours.recv(100, socket.MSG_PEEK))
            assert receiving.done()
            assert await receiving == DATA
        return left

    iterations = 1 if type(each_loop) is asyncio.SelectorEventLoop else 2
    assert run(each_loop, scenario()) == [DATA] * iterations


def test_somebody_else_reads_first(each_loop: asyncio.AbstractEventLoop) -> None:
    """A socket that is not ready any more when its turn comes is waited for again."""

    async def scenario() -> None:
        ours, peer = socket_pair()
        with ours, peer, ours.dup() as other:
            receiving = asyncio.ensure_future(each_loop.sock_recv(ours, 100))
            await settle()
            for _ in range(3):
                peer.send(b"stolen")
                assert other.recv(100) == b"stolen"
                await settle()
            assert not receiving.done()
            peer.send(DATA)
            assert await receiving == DATA

    run(each_loop, scenario())


_MISUSES: Final[dict[str, Callable[[Any, socket.socket], Awaitable[object]]]] = {
    "a text": lambda loop, end: loop.sock_sendall(end, "text"),
    "no size": lambda loop, end: loop.sock_recv(end, None),
    "a negative size": lambda loop, end: loop.sock_recv(end, -1),
    "a constant buffer": lambda loop, end: loop.sock_recv_into(end, b"constant"),
    "too large": lambda loop, end: loop.sock_recvfrom_into(end, bytearray(3), 4),
    "not listening": lambda loop, end: loop.sock_accept(end),
    "an address": lambda loop, end: loop.sock_connect(end, ("127.0.0.1", 1)),
    "an address of nothing": lambda loop, end: loop.sock_connect(end, None),
    "nowhere": lambda loop, end: loop.sock_sendto(end, b"data", "/nowhere/at/all"),
}


@pytest.mark.parametrize("misuse", _MISUSES.values(), ids=list(_MISUSES))
def test_misuse(misuse: Callable[[Any, socket.socket], Awaitable[object]]) -> None:
    def scenario(loop: Any) -> object:
        ours, peer = socket_pair()
        with ours, peer:
            return loop.run_until_complete(asyncio.wait_for(_awaited(misuse(loop, ours)), 30))

    assert assert_same_kind(scenario).raised is not None


async def _awaited(awaitable: Awaitable[object]) -> object:
    return await awaitable


_CALLS: Final[dict[str, tuple[Any, ...]]] = {
    "sock_recv": (1,),
    "sock_recv_into": (bytearray(1),),
    "sock_recvfrom": (1,),
    "sock_recvfrom_into": (bytearray(1),),
    "sock_sendall": (b"data",),
    "sock_sendto": (b"data", ("127.0.0.1", 1)),
    "sock_connect": (("127.0.0.1", 1),),
    "sock_accept": (),
}


@pytest.mark.parametrize("method", _CALLS)
def test_blocking_sockets_are_refused_in_debug_mode(method: str) -> None:
    def scenario(loop: Any) -> object:
        loop.set_debug(True)
        with socket.socket() as blocking:
            loop.run_until_complete(getattr(loop, method)(blocking, *_CALLS[method]))
        return "not refused"

    outcome = assert_same_kind(scenario)
    assert (outcome.raised, outcome.text) == ("ValueError", "the socket must be non-blocking")


@pytest.mark.parametrize("name", CLASSES)
def test_a_closed_loop(name: str) -> None:
    """Who waits on a loop that is closed is told when it goes on elsewhere."""
    loop, other = CLASSES[name](), CLASSES[name]()
    ours, peer = socket_pair()
    with ours, peer:
        loop.close()
        with pytest.raises(RuntimeError, match="Event loop is closed"):
            other.run_until_complete(loop.sock_recv(ours, 10))
        peer.send(DATA)
        assert other.run_until_complete(loop.sock_recv(ours, 50)) == DATA
    other.close()


_REFUSING_FUTURE: Final = """
import socket


class Refusing(asyncio.Future):
    def set_result(self, result):
        raise {exception}("refused")


class Loop(pyloop.EventLoop):
    def create_future(self):
        return Refusing(loop=self)


def report(loop, context):
    say(type(context["exception"]).__name__, context["exception"])
    loop.stop()


loop = Loop()
loop.set_exception_handler(report)
ours, peer = socket.socketpair()
ours.setblocking(False)
receiving = loop.create_task(loop.sock_recv(ours, 10))
loop.call_soon(peer.send, b"data")
try:
    loop.run_forever()
except KeyboardInterrupt:
    say("interrupted")
receiving.cancel()
loop.call_soon(loop.stop)
loop.run_forever()
say(receiving.cancelled(), ours.recv(10))
loop.close()
"""


@pytest.mark.parametrize(
    ("exception", "said"),
    [("ZeroDivisionError", "ZeroDivisionError refused"), ("KeyboardInterrupt", "interrupted")],
)
def test_futures_that_cannot_be_done(exception: str, said: str) -> None:
    """Reported by a process that has not had a transport; the data is left in the socket."""
    source = _REFUSING_FUTURE.format(exception=exception)
    assert lines_of(source) == [said, "True b'data'"]
