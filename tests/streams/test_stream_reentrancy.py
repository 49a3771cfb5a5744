"""What a protocol does to its transport from within each of its callbacks: the course is asyncio's."""

from __future__ import annotations

import asyncio
import socket
import weakref
from collections.abc import Callable
from typing import Any, Final

import pytest

from support.loops import collect_until
from support.protocols import AnyRecorder, BufferedRecorder, Recorder, at
from support.streams import (
    FIRST_311,
    LARGE,
    assert_same_course,
    assert_same_trace,
    offer,
    opened,
    receive_all,
    reports,
    run,
    settle,
    skip_fault,
    socket_pair,
)

_CALLBACKS: Final = (
    "connection_made",
    "data_received",
    "eof_received",
    "pause_writing",
    "resume_writing",
    "connection_lost",
    "get_buffer",
    "buffer_updated",
)

_BUFFERED: Final = ("get_buffer", "buffer_updated")


def _close_then_write(transport: asyncio.Transport) -> None:
    transport.close()
    transport.write(b"late")


def _pause_and_resume(transport: asyncio.Transport) -> None:
    transport.pause_reading()
    transport.resume_reading()


def _write_and_abort(transport: asyncio.Transport) -> None:
    transport.write(b"ignored when there is something waiting")
    transport.abort()


_ACTIONS: dict[str, Callable[[asyncio.Transport], object]] = {
    "close": lambda transport: transport.close(),
    "abort": lambda transport: transport.abort(),
    "close and abort": lambda transport: (transport.close(), transport.abort()),  # type: ignore[func-returns-value]
    "close and write": _close_then_write,
    "write and abort": _write_and_abort,
    "write_eof": lambda transport: transport.write_eof(),
    "pause_reading": lambda transport: transport.pause_reading(),
    "pause and resume": _pause_and_resume,
    "resume_reading": lambda transport: transport.resume_reading(),
    "set_protocol": lambda transport: transport.set_protocol(_Silent()),
    "set_protocol buffered": lambda transport: transport.set_protocol(_SilentBuffered()),
    "set limits": lambda transport: transport.set_write_buffer_limits(high=0),
}


class _Silent(asyncio.Protocol):
    """A protocol that takes over and ends the connection when the peer does."""


class _SilentBuffered(asyncio.BufferedProtocol):
    def __init__(self) -> None:
        self._buffer = bytearray(1000)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer


@pytest.mark.parametrize("action", _ACTIONS)
@pytest.mark.parametrize("callback", _CALLBACKS)
def test_an_action_in_a_callback(callback: str, action: str) -> None:
    """The peer sends, reads what is written and ends the stream; the trace is that of the first transport."""
    if callback == "resume_writing" and ("close" in action or "abort" in action):
        pytest.skip("asyncio's own transports lose the connection twice")
    if FIRST_311 and (callback, action) == ("connection_made", "pause_reading"):
        pytest.skip("asyncio's own transports read all the same")

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        with reports(loop) as reported:
            return await course(loop), reported

    async def course(loop: asyncio.AbstractEventLoop) -> object:
        events: list[str] = []

        def act(recorder: AnyRecorder, *_arguments: object) -> None:
            if events.count("acted") == 0:
                loop.call_soon(events.append, "scheduled before")
                _ACTIONS[action](recorder.transport)
                events.append("acted")
                events.append(f"closing {recorder.transport.is_closing()} reading {recorder.transport.is_reading()}")
                loop.call_soon(events.append, "scheduled after")

        kind = BufferedRecorder if callback in _BUFFERED else Recorder
        async with opened(kind(events=events, **at(callback, act))) as (transport, _protocol, peer):
            writes = callback in {"pause_writing", "resume_writing"}
            if writes:
                transport.write(bytes(LARGE))
            elif callback == "connection_lost":
                transport.close()
            else:
                offer(peer, b"a request")
                offer(peer, b"more")
            await settle()
            if not writes and callback != "connection_lost":
                offer(peer, b"more still")
                await settle()
            peer.shutdown(socket.SHUT_WR)
            if writes and not transport.is_closing():
                transport.write_eof()
            if writes or transport.is_closing():
                await receive_all(peer)
            await settle()
            states = transport.is_closing(), transport.is_reading(), transport.get_write_buffer_size()
            peer.close()
            await settle()
            return events, states

    assert_same_course(scenario)


@pytest.mark.parametrize("action", [action for action in _ACTIONS if "close" in action or "abort" in action])
def test_an_ending_in_resume_writing(each_loop: asyncio.AbstractEventLoop, action: str) -> None:
    skip_fault(each_loop, "they lose the connection twice")

    async def scenario() -> None:
        recorder = Recorder(resume_writing=lambda recorder: _ACTIONS[action](recorder.transport))
        async with opened(recorder) as (transport, protocol, peer):
            transport.write(bytes(LARGE))
            await receive_all(peer)
            await settle()
            assert protocol.events == ["connection_made", "pause_writing", "resume_writing", "connection_lost NoneType"]
            assert transport.is_closing()

    run(each_loop, scenario())


@pytest.mark.parametrize("action", [action for action in _ACTIONS if "close" in action or "abort" in action])
def test_nothing_is_left_of_an_ending_in_resume_writing(each_loop: asyncio.AbstractEventLoop, action: str) -> None:
    """The descriptor's number is not watched any more, and the loop does not keep the transport."""
    skip_fault(each_loop, "they lose the connection twice")

    async def scenario() -> weakref.ref[asyncio.Transport]:
        recorder = Recorder(resume_writing=lambda recorder: _ACTIONS[action](recorder.transport))
        async with opened(recorder) as (transport, protocol, peer):
            number = transport.get_extra_info("socket").fileno()
            transport.write(bytes(LARGE))
            await receive_all(peer)
            await protocol.until_lost()
            await settle()
            assert not each_loop.remove_writer(number)
            assert not each_loop.remove_reader(number)
            return weakref.ref(transport)

    left = run(each_loop, scenario())
    assert collect_until(lambda: left() is None)


@pytest.mark.parametrize("ending", ["close", "abort"])
def test_an_ending_in_data_received_ends_reading(ending: str) -> None:
    """However much more has arrived by then."""

    def end(recorder: AnyRecorder, _data: bytes) -> None:
        getattr(recorder.transport, ending)()

    async def scenario() -> object:
        protocol = Recorder(data_received=end)
        ours, peer = socket_pair()
        peer.send(b"x" * 100_000)
        peer.send(b"y" * 50_000)
        peer.shutdown(socket.SHUT_WR)
        async with opened(protocol, (ours, peer)) as (_, _protocol, _peer):
            await protocol.until_lost()
        return protocol.events

    text = assert_same_course(scenario)
    assert text == "['connection_made', 'data_received', 'connection_lost NoneType']"


def test_pausing_in_data_received_holds_the_rest_back(each_loop: asyncio.AbstractEventLoop) -> None:
    def pause(recorder: AnyRecorder, _data: bytes) -> None:
        recorder.transport.pause_reading()

    async def scenario() -> None:
        protocol = Recorder(data_received=pause)
        pieces = [b"a" * 40_000, b"b" * 40_000, b"c"]
        ours, peer = socket_pair()
        for piece in pieces:
            peer.send(piece)
        peer.shutdown(socket.SHUT_WR)
        async with opened(protocol, (ours, peer)) as (transport, _protocol, _peer):
            calls = 0

            def was_called() -> bool:
                return protocol.events.count("data_received") > calls

            while len(protocol.data) < sum(map(len, pieces)):
                await protocol.until(was_called)
                calls += 1
                await settle()
                assert protocol.events[1:] == ["data_received"] * calls, "called while reading is paused"
                transport.resume_reading()
            await protocol.until_lost()
            assert protocol.data == b"".join(pieces)

    each_loop.run_until_complete(scenario())


def test_a_loop_stopped_in_data_received(each_loop: asyncio.AbstractEventLoop) -> None:
    """What the callback did is complete, and what comes next is for the next run."""
    ours, peer = socket_pair()
    with peer:
        protocol = Recorder(data_received=lambda _recorder, _data: each_loop.stop())
        transport, _ = each_loop.run_until_complete(each_loop.connect_accepted_socket(lambda: protocol, ours))
        for number in range(5):
            peer.send(b"%d" % number)
            each_loop.run_forever()
            assert protocol.data == b"01234"[: number + 1]
        transport.close()
        each_loop.call_soon(each_loop.stop)
        each_loop.run_forever()
        assert protocol.losses == [None]


def test_a_transport_of_another_ends_in_a_callback() -> None:
    """Of two connections that are ready in the same iteration, the first aborts both."""

    async def scenario() -> object:
        transports: list[Any] = []
        events: list[str] = []

        def end_all(recorder: AnyRecorder, _data: bytes) -> None:
            events.append(f"received {bytes(recorder.data)!r}")
            for transport in transports:
                transport.abort()

        async with (
            opened(Recorder(data_received=end_all)) as (first, first_protocol, first_peer),
            opened(Recorder(data_received=end_all)) as (second, second_protocol, second_peer),
        ):
            transports += [first, second]
            await settle()
            first_peer.send(b"for the first")
            second_peer.send(b"for the second")
            await settle()
            return len(events), sorted([len(first_protocol.events), len(second_protocol.events)])

    assert_same_course(scenario)


def test_running_the_loop_in_a_callback_is_refused() -> None:
    """And does no harm to the connection."""

    def scenario(loop: Any) -> object:
        raised: list[str] = []

        def run_again(_recorder: AnyRecorder, _data: bytes) -> None:
            future = loop.create_future()
            try:
                loop.run_until_complete(future)
            except RuntimeError as error:
                raised.append(str(error))

        ours, peer = socket_pair()
        with peer:
            protocol = Recorder(data_received=run_again)
            transport, _ = loop.run_until_complete(loop.connect_accepted_socket(lambda: protocol, ours))
            for _ in range(2):
                peer.send(b"x")
                loop.run_until_complete(settle())
            transport.close()
            loop.run_until_complete(settle())
            return raised, protocol.events

    assert_same_trace(scenario)


def test_a_connection_made_in_a_callback_of_another() -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        events: list[str] = []
        made: list[asyncio.Task[Any]] = []
        inner, inner_peer = socket_pair()

        def connect(_recorder: AnyRecorder, _data: bytes) -> None:
            factory = lambda: Recorder(events=events)  # noqa: E731
            made.append(loop.create_task(loop.connect_accepted_socket(factory, inner)))
            events.append("connecting")

        with inner_peer:
            inner_peer.send(b"early")
            async with opened(Recorder(events=events, data_received=connect)) as (_, _protocol, peer):
                peer.send(b"x")
                await settle()
                transport, _ = await made[0]
                transport.close()
                await settle()
        return events

    assert_same_course(scenario)
