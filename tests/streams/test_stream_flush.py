"""When what callbacks write to stream transports leaves."""

from __future__ import annotations

import asyncio
import contextvars
import socket
import sys
from typing import Any

import pytest

from support.protocols import BufferedRecorder, Recorder
from support.streams import assert_same_course, closed, opened, receive_all, reset_on_close, run, socket_pair

# More than wait for the end of an iteration.
_MANY = 100


def test_what_callbacks_write_has_left_when_the_next_iteration_begins(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        async with opened() as (transport, _, peer), opened() as (other, _, other_peer):
            received: asyncio.Future[tuple[bytes, bytes]] = each_loop.create_future()
            each_loop.call_soon(transport.write, b"first")
            each_loop.call_soon(other.write, b"other")
            each_loop.call_soon(each_loop.call_soon, lambda: received.set_result((peer.recv(99), other_peer.recv(99))))
            each_loop.call_soon(transport.write, b" second")
            assert await received == (b"first second", b"other")

    run(each_loop, scenario())


def test_many_connections_get_what_is_theirs(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        pairs = [socket_pair() for _ in range(_MANY)]
        transports = []
        for ours, _ in pairs:
            transport, _ = await each_loop.connect_accepted_socket(Recorder, ours)
            transports.append(transport)
        for number, transport in enumerate(transports):
            each_loop.call_soon(transport.write, b"%d" % number)
            each_loop.call_soon(transport.write, b".")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for number, (transport, (_, theirs)) in enumerate(zip(transports, pairs, strict=True)):
            assert theirs.recv(99) == b"%d." % number
            transport.abort()
            await closed(transport)
            theirs.close()

    run(each_loop, scenario())


def test_a_socket_that_is_shut_down_sends_what_was_written_before(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        async with opened() as (transport, _, peer):
            for _ in range(2):
                transport.write(b"written")
                transport.get_extra_info("socket")
            transport.get_extra_info("socket").shutdown(socket.SHUT_WR)
            assert await receive_all(peer) == b"writtenwritten"

    run(each_loop, scenario())


@pytest.mark.parametrize("stopped", [False, True], ids=["by an exception", "by stop"])
def test_what_was_written_has_left_when_the_loop_is_left(each_loop: asyncio.AbstractEventLoop, stopped: bool) -> None:
    def leave() -> None:
        if not stopped:
            raise SystemExit
        each_loop.stop()

    ours, theirs = socket_pair()
    transport, _ = run(each_loop, each_loop.connect_accepted_socket(Recorder, ours))
    each_loop.call_soon(transport.write, b"written")
    each_loop.call_soon(leave)
    try:
        each_loop.run_forever()
    except SystemExit:
        assert not stopped
    assert theirs.recv(99) == b"written"
    transport.abort()
    run(each_loop, closed(transport))
    theirs.close()


def test_a_failure_is_reported_in_the_context_of_the_write(each_loop: asyncio.AbstractEventLoop) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")
    lost_in = []

    class Lost(Recorder):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            lost_in.append(variable.get())

    async def scenario() -> None:
        async with opened(Lost()) as (transport, _, peer):
            transport.pause_reading()
            peer.close()
            for value in ("first", "second"):
                each_loop.call_soon(_write_in, variable, value, transport, context=contextvars.Context())
            await closed(transport)

    run(each_loop, scenario())
    # From 3.15 on a connection has a context of its own.
    assert lost_in == ["none" if sys.version_info >= (3, 15) else "first"]


@pytest.mark.parametrize("reader", ["get_buffer", "a callback before"])
def test_an_error_shows_first_to_the_write_that_came_before_the_read(reader: str) -> None:
    async def scenario() -> list[str]:
        class Writing(BufferedRecorder):
            def get_buffer(self, sizehint: int) -> Any:
                if reader == "get_buffer":
                    self.transport.write(b"written")
                return super().get_buffer(sizehint)

        protocol = Writing()
        async with opened(protocol, socket_pair("tcp")) as (transport, _, peer):
            transport.pause_reading()
            peer.send(b"x")
            peer.shutdown(socket.SHUT_WR)
            reset_on_close(peer)
            peer.close()
            await asyncio.sleep(0.01)
            transport.resume_reading()
            if reader != "get_buffer":
                asyncio.get_running_loop().call_soon(transport.write, b"written")
            await closed(transport)
        return [str(event) for event in protocol.events]

    assert_same_course(scenario)


def _write_in(variable: contextvars.ContextVar[str], value: str, transport: Any) -> None:
    variable.set(value)
    transport.write(value.encode())


def test_who_asks_for_the_buffer_size_keeps_nobody_waiting(each_loop: asyncio.AbstractEventLoop) -> None:
    """What waits leaves then, and its transport, which has its turn still, has something to send again."""

    async def scenario() -> None:
        async with (
            opened() as (first, _, peer),
            opened() as (second, _, second_peer),
            opened() as (third, _, third_peer),
        ):
            first.write(b"first")
            second.write(b"second")
            assert first.get_write_buffer_size() == 0
            first.write(b" again")
            third.write(b"third")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert [each.recv(99) for each in (peer, second_peer, third_peer)] == [b"first again", b"second", b"third"]

    run(each_loop, scenario())
