"""The end of a stream transport: close, abort, loss by the peer, being dropped, and the end of its loop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from support.loops import LoopFactory, collect_until, fresh_loop, run_idle, run_iteration
from support.outcomes import assert_same_outcome, outcome_of
from support.protocols import AnyRecorder, BufferedRecorder, Recorder
from support.streams import (
    FAMILIES,
    LARGE,
    arrived,
    assert_same_course,
    assert_same_trace,
    closed,
    opened,
    receive,
    receive_all,
    run,
    send,
    socket_pair,
    unclosed_transports,
)


@pytest.mark.parametrize("size", [0, 10, LARGE])
@pytest.mark.parametrize("family", FAMILIES)
def test_close_sends_everything_first(each_loop: asyncio.AbstractEventLoop, family: str, size: int) -> None:
    async def scenario() -> None:
        async with opened(pair=socket_pair(family)) as (transport, protocol, peer):
            transport.write(b"x" * size)
            transport.close()
            assert transport.is_closing()
            if size == LARGE:
                await asyncio.sleep(0)
                assert not protocol.losses, "the connection is lost before all is sent"
            assert await receive_all(peer) == b"x" * size
            await protocol.until_lost()
            for _ in range(5):
                await asyncio.sleep(0)
            assert protocol.losses == [None]
            assert transport.is_closing()

    run(each_loop, scenario())


@pytest.mark.parametrize("family", FAMILIES)
def test_abort_drops_what_waits(each_loop: asyncio.AbstractEventLoop, family: str) -> None:
    async def scenario() -> None:
        async with opened(pair=socket_pair(family)) as (transport, protocol, peer):
            transport.write(b"x" * LARGE)
            transport.abort()
            assert transport.is_closing()
            assert transport.get_write_buffer_size() == 0
            transport.write(b"ignored")
            received = await receive_all(peer)
            assert received == b"x" * len(received)
            assert len(received) < LARGE
            await protocol.until_lost()
            assert protocol.events == ["connection_made", "pause_writing", "connection_lost NoneType"]

    run(each_loop, scenario())


_ENDINGS: dict[str, list[str]] = {
    "close": ["close"],
    "abort": ["abort"],
    "close twice": ["close", "close"],
    "abort twice": ["abort", "abort"],
    "close and abort": ["close", "abort"],
    "abort and close": ["abort", "close"],
    "end and close": ["write_eof", "close"],
    "pause and close": ["pause_reading", "close"],
    "close and pause": ["close", "pause_reading", "resume_reading"],
}


@pytest.mark.parametrize("size", [0, 10, LARGE])
@pytest.mark.parametrize("ending", _ENDINGS)
def test_the_course_of_an_ending(ending: str, size: int) -> None:
    """When connection_lost is called, among the callbacks scheduled before and after; and that it is called once."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        events: list[str] = []
        async with opened(Recorder(events=events)) as (transport, protocol, peer):
            transport.write(bytes(size))
            loop.call_soon(events.append, "scheduled before")
            for method in _ENDINGS[ending]:
                events.append(f"{method} at {transport.is_closing()}")
                getattr(transport, method)()
            loop.call_soon(events.append, "scheduled after")
            await asyncio.sleep(0)
            events.append("an iteration later")
            received = await receive_all(peer)
            await protocol.until_lost()
            # What was aborted has got as far as the kernel took it, which is no matter of exact numbers.
            return events, len(received) == size, transport.is_closing(), transport.is_reading()

    assert_same_course(scenario)


@pytest.mark.parametrize("protocol_type", [Recorder, BufferedRecorder])
def test_nothing_is_received_after_close(
    each_loop: asyncio.AbstractEventLoop, protocol_type: type[AnyRecorder]
) -> None:
    async def scenario() -> None:
        async with opened(protocol_type()) as (transport, protocol, peer):
            transport.write(bytes(LARGE))
            await send(peer, b"unheard")
            transport.close()
            for _ in range(5):
                await asyncio.sleep(0)
            await send(peer, b"unheard as well")
            peer.shutdown(socket.SHUT_WR)
            await receive(peer, LARGE)
            await protocol.until_lost()
            assert protocol.data == b""
            assert protocol.events == [
                "connection_made",
                "pause_writing",
                "resume_writing",
                "connection_lost NoneType",
            ]

    run(each_loop, scenario())


def test_the_peer_sees_the_end_after_connection_lost(each_loop: asyncio.AbstractEventLoop) -> None:
    """The socket is still open while the callback runs, and closed right after it."""
    seen: list[object] = []

    def look(recorder: AnyRecorder, _error: Exception | None) -> None:
        seen.append(recorder.transport.get_extra_info("socket").fileno() != -1)
        with contextlib.suppress(BlockingIOError):
            seen.append(peer.recv(10))

    ours, peer = socket_pair()
    with peer:
        transport, _ = each_loop.run_until_complete(
            each_loop.connect_accepted_socket(lambda: Recorder(connection_lost=look), ours)
        )
        transport.close()
        run_iteration(each_loop)
        assert seen == [True]
        assert transport.get_extra_info("socket").fileno() == -1
        assert peer.recv(10) == b""


@pytest.mark.parametrize("family", FAMILIES)
def test_the_peer_ends_the_connection(family: str) -> None:
    async def scenario() -> object:
        async with opened(pair=socket_pair(family)) as (transport, protocol, peer):
            await send(peer, b"the last words")
            peer.close()
            await protocol.until_lost()
            return protocol.events, bytes(protocol.data), transport.is_closing()

    text = assert_same_course(scenario)
    assert "'data_received', 'eof_received', 'connection_lost NoneType'" in text


def test_what_is_left_of_a_closed_transport() -> None:
    """Every method can still be called."""

    async def scenario() -> object:
        async with opened() as (transport, protocol, _):
            transport.write(b"text")
            transport.close()
            await protocol.until_lost()
            await closed(transport)
            return [
                (name, outcome_of(lambda name=name: getattr(transport, name)()))  # type: ignore[misc]
                for name in (
                    "is_closing",
                    "is_reading",
                    "pause_reading",
                    "resume_reading",
                    "get_write_buffer_size",
                    "get_write_buffer_limits",
                    "set_write_buffer_limits",
                    "can_write_eof",
                    "write_eof",
                    "get_protocol",
                    "close",
                    "abort",
                )
            ], protocol.events

    assert_same_course(scenario)


def test_a_dropped_transport_is_closed_with_a_warning(each_loop: asyncio.AbstractEventLoop) -> None:
    """While it reads, the loop keeps it alive. One that does not is its owner's."""
    ours, peer = socket_pair()
    with peer:
        transport, protocol = each_loop.run_until_complete(each_loop.connect_accepted_socket(Recorder, ours))
        transport.pause_reading()
        run_idle(each_loop)
        del ours
        gc.collect()
        with pytest.raises(BlockingIOError):
            peer.recv(10)
        del protocol
        with unclosed_transports() as warned:
            del transport
        assert len(warned) == 1
        assert peer.recv(10) == b""
        run_idle(each_loop)


def test_a_loop_closed_with_transports_open(each_factory: LoopFactory) -> None:
    loop = each_factory()
    pairs = [socket_pair(family) for family in FAMILIES]
    for ours, _ in pairs:
        loop.run_until_complete(loop.connect_accepted_socket(Recorder, ours))
    with unclosed_transports() as warned:
        loop.close()
        del loop
        peers = [peer for _, peer in pairs]
        del ours, pairs
    assert len(warned) == 2
    for peer in peers:
        with peer:
            peer.setblocking(True)
            assert peer.recv(10) == b""


def test_a_transport_after_the_end_of_its_loop() -> None:
    def scenario(loop: Any) -> object:
        ours, peer = socket_pair()
        with peer, ours:
            transport, protocol = loop.run_until_complete(loop.connect_accepted_socket(Recorder, ours))
            loop.close()
            calls: list[Callable[[], object]] = [
                transport.is_closing,
                transport.is_reading,
                transport.get_write_buffer_size,
                transport.pause_reading,
                lambda: transport.write(b"text"),
                lambda: arrived(peer),
                transport.write_eof,
                transport.close,
                transport.close,
                transport.is_closing,
                transport.abort,
            ]
            results = [outcome_of(call) for call in calls]
            with unclosed_transports() as warned:
                protocol.transport = transport = None
                calls.clear()
            return results, protocol.events, len(warned)

    assert_same_outcome(scenario)


def test_a_transport_that_flushes_at_the_end_of_its_loop(each_factory: LoopFactory) -> None:
    """It is not waited for, and closed with a warning."""
    with unclosed_transports() as warned, fresh_loop(each_factory) as loop:
        ours, peer = socket_pair()
        transport, protocol = loop.run_until_complete(loop.connect_accepted_socket(Recorder, ours))
        transport.write(bytes(LARGE))
        transport.close()
        run_idle(loop)
        loop.close()
        assert protocol.events == ["connection_made", "pause_writing"]
        del transport, protocol, loop
    assert len(warned) == 1
    with peer:
        assert len(arrived(peer)) < LARGE


def test_a_dropped_transport_can_still_be_asked(each_factory: LoopFactory) -> None:
    """Finalisers of a cycle run in any order: one that asks a transport may come after the transport's own."""
    answers: list[object] = []

    class Owner:
        transport: Any

        def __del__(self) -> None:
            transport = self.transport
            asking: tuple[Callable[[], object], ...] = (
                transport.is_closing,
                transport.get_write_buffer_size,
                lambda: repr(transport),
                lambda: transport.get_extra_info("peername"),
            )
            answers.extend(outcome_of(ask).raised for ask in asking)

    before: Any = Owner()
    with fresh_loop(each_factory) as loop:
        ours, peer = socket_pair()
        transport, protocol = loop.run_until_complete(loop.connect_accepted_socket(Recorder, ours))
        after: Any = Owner()
        loop.close()
        before.transport = after.transport = transport
        after.other, before.other = before, after
        untyped: Any = protocol
        untyped.owner = after
        with peer, unclosed_transports() as warned:
            del ours, loop, before, after, transport, protocol, untyped
        assert len(warned) == 1
    assert answers == [None] * 8


@pytest.mark.parametrize("ending", ["close", "abort", "the peer"])
def test_nothing_is_kept_of_a_closed_transport(each_loop: asyncio.AbstractEventLoop, ending: str) -> None:
    def use() -> list[weakref.ref[object]]:
        async def scenario() -> list[weakref.ref[object]]:
            ours, peer = socket_pair()
            with peer:
                transport, protocol = await each_loop.connect_accepted_socket(Recorder, ours)
                transport.write(b"text")
                await receive(peer, 4)
                if ending == "the peer":
                    peer.close()
                else:
                    getattr(transport, ending)()
                await protocol.until_lost()
                await closed(transport)
                return [weakref.ref(transport), weakref.ref(protocol)]

        return run(each_loop, scenario())

    left = use()
    run_iteration(each_loop)
    assert collect_until(lambda: all(reference() is None for reference in left))


def test_a_transport_that_is_kept_does_not_keep_its_protocol(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> tuple[asyncio.Transport, weakref.ref[object]]:
        async with opened() as (transport, protocol, _):
            transport.close()
            await protocol.until_lost()
            await closed(transport)
            return transport, weakref.ref(protocol)

    transport, protocol = run(each_loop, scenario())
    run_iteration(each_loop)
    assert collect_until(lambda: protocol() is None)
    assert transport.is_closing()


def test_connections_come_and_go(each_loop: asyncio.AbstractEventLoop) -> None:
    """Many after each other, on few descriptors."""

    async def scenario() -> set[int]:
        numbers: set[int] = set()
        for round_number in range(200):
            async with opened() as (transport, protocol, peer):
                numbers.add(transport.get_extra_info("socket").fileno())
                transport.write(b"%d" % round_number)
                assert await receive(peer, len(str(round_number))) == b"%d" % round_number
                peer.close()
                await protocol.until_lost()
                await closed(transport)
        return numbers

    assert len(run(each_loop, scenario())) < 10


def test_an_ending_between_two_runs() -> None:
    def scenario(loop: Any) -> object:
        ours, peer = socket_pair()
        with peer:
            transport, protocol = loop.run_until_complete(loop.connect_accepted_socket(Recorder, ours))
            transport.write(b"text")
            transport.close()
            before = list(protocol.events), arrived(peer)
            run_iteration(loop)
            return before, protocol.events, peer.recv(10)

    assert_same_trace(scenario)
