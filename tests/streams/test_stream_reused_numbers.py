"""A transport has nothing to do with its descriptor's number once it has closed it, nor anybody else before."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from support.loops import run_idle
from support.outcomes import outcome_of
from support.protocols import AnyRecorder, BufferedRecorder, Recorder
from support.squatters import squatters
from support.streams import (
    LARGE,
    Pair,
    arrived,
    assert_same_course,
    offer,
    opened,
    reports,
    reset_on_close,
    run,
    settle,
    socket_pair,
)

_STEPS: Final = 6


@contextlib.contextmanager
def _connection(loop: asyncio.AbstractEventLoop, protocol: AnyRecorder, pair: Pair) -> Iterator[asyncio.Transport]:
    ours, theirs = pair
    with theirs:
        transport, _ = loop.run_until_complete(loop.connect_accepted_socket(lambda: protocol, ours))
        yield transport


_Ending = Callable[[asyncio.Transport, socket.socket], object]


def _reset(_transport: asyncio.Transport, peer: socket.socket) -> None:
    reset_on_close(peer)
    peer.close()


def _write_to_nobody(transport: asyncio.Transport, peer: socket.socket) -> None:
    transport.pause_reading()
    peer.close()
    transport.write(b"to nobody")


_ENDINGS: dict[str, _Ending] = {
    "close": lambda transport, _peer: transport.close(),
    "abort": lambda transport, _peer: transport.abort(),
    "the peer's end": lambda _transport, peer: peer.shutdown(socket.SHUT_WR),
    "the peer closes": lambda _transport, peer: peer.close(),
    "reset": _reset,
    "a write to nobody": _write_to_nobody,
}

_USES: dict[str, Callable[[Any], object]] = {
    "write": lambda transport: transport.write(b"not for the squatter"),
    "large write": lambda transport: transport.write(bytes(LARGE)),
    "write_eof": lambda transport: transport.write_eof(),
    "pause_reading": lambda transport: transport.pause_reading(),
    "resume_reading": lambda transport: transport.resume_reading(),
    "close": lambda transport: transport.close(),
    "abort": lambda transport: transport.abort(),
    "set_protocol": lambda transport: transport.set_protocol(Recorder()),
    "limits": lambda transport: transport.set_write_buffer_limits(0),
    "size": lambda transport: transport.get_write_buffer_size(),
    "repr": repr,
    "info": lambda transport: transport.get_extra_info("socket").fileno(),
}


@pytest.mark.parametrize("waiting", [False, True], ids=["", "with data waiting"])
@pytest.mark.parametrize("ending", _ENDINGS)
def test_an_ended_transport_leaves_its_number_alone(
    each_loop: asyncio.AbstractEventLoop,
    ending: str,
    waiting: bool,
) -> None:
    """Whatever its methods are called for afterwards, in every iteration on the way to its end."""
    family = "tcp" if ending == "reset" else "unix"
    for steps in range(_STEPS):
        protocol: AnyRecorder = BufferedRecorder() if steps % 2 else Recorder()
        pair = socket_pair(family)
        with reports(each_loop), _connection(each_loop, protocol, pair) as transport, squatters(each_loop) as taken:
            if waiting:
                transport.write(bytes(LARGE))
            offer(pair[1], b"some data")
            _ENDINGS[ending](transport, pair[1])
            taken.step(steps)
            for use in _USES.values():
                # Some are refused by then, and asyncio's own fail in ways of their own.
                with contextlib.suppress(RuntimeError, AttributeError, OSError):
                    use(transport)
                taken.step()
            if pair[1].fileno() != -1:
                arrived(pair[1])
            taken.step_until(lambda: protocol.losses or "connection_lost" in str(protocol.events))  # noqa: B023
            for use in _USES.values():
                with contextlib.suppress(RuntimeError, AttributeError, OSError):
                    use(transport)
            taken.step(3)
            assert taken.check() >= 1
            taken.watch()
            taken.check_watched()
            del transport
            taken.check_watched()


@pytest.mark.parametrize("waiting", [False, True], ids=["", "with data waiting"])
@pytest.mark.parametrize("closing", ["close", "detach"])
def test_a_socket_closed_behind_its_back(
    each_loop: asyncio.AbstractEventLoop,
    closing: str,
    waiting: bool,
) -> None:
    """A mistake of the program, but nothing that is written may reach a stranger, and no stranger may be closed."""
    ours, peer = socket_pair()
    with reports(each_loop), _connection(each_loop, Recorder(), (ours, peer)) as transport:
        transport.pause_reading()
        if waiting:
            transport.write(bytes(LARGE))
        with squatters(each_loop) as taken:
            if closing == "close":
                ours.close()
            else:
                socket.socket(fileno=ours.detach()).close()
            taken.take()
            for use in ("write", "large write", "resume_reading", "write", "write_eof", "abort"):
                with contextlib.suppress(RuntimeError, AttributeError, OSError):
                    _USES[use](transport)
                taken.step()
            arrived(peer)
            taken.step(5)
            taken.check()


def test_nobody_else_may_watch_its_descriptor() -> None:
    """By number or by socket; after the transport has begun to close, it may be."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        seen: list[object] = []
        async with opened() as (transport, protocol, peer):
            end = transport.get_extra_info("socket")
            for file in (end, end.fileno()):
                for method in ("add_reader", "add_writer", "remove_reader", "remove_writer"):
                    arguments = [file, print] if method.startswith("add") else [file]
                    outcome = outcome_of(lambda method=method, arguments=arguments: getattr(loop, method)(*arguments))  # type: ignore[misc]
                    seen.append((method, outcome.raised, "is used by transport" in outcome.text))
            peer.send(b"data")
            await settle()
            seen.append(list(protocol.events))
            transport.pause_reading()
            seen.append(outcome_of(lambda: loop.add_reader(end.fileno(), print)).raised)
            transport.write(bytes(LARGE))
            seen.append(outcome_of(lambda: loop.remove_writer(end.fileno())).raised)
            transport.abort()
            seen.append(outcome_of(lambda: loop.remove_reader(end.fileno())))
            seen.append(outcome_of(lambda: loop.add_reader(end.fileno(), print)).raised)
            seen.append(outcome_of(lambda: loop.remove_reader(end.fileno())))
        return seen

    assert assert_same_course(scenario).count("RuntimeError") == 10


@pytest.mark.skipif(sys.version_info < (3, 12), reason="asyncio did not look before 3.12")
@pytest.mark.parametrize("method", ["create_connection", "connect_accepted_socket"])
def test_a_socket_has_one_transport(method: str) -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        ours, peer = socket_pair()
        async with opened(pair=(ours, peer)) as (transport, protocol, _):
            arguments: dict[str, Any] = {"sock": ours}
            with pytest.raises(RuntimeError, match="is used by transport"):
                await getattr(loop, method)(Recorder, **arguments)
            transport.write(b"text")
            await settle()
            return protocol.events, arrived(peer)

    assert_same_course(scenario)


def test_sockets_of_transports_and_the_loop_s_own_methods() -> None:
    """Reading and writing around a transport is refused as soon as it has to wait."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        ours, peer = socket_pair()
        seen: list[str] = []
        async with opened(pair=(ours, peer)) as (_, protocol, _peer):
            for attempt in (loop.sock_recv(ours, 10), loop.sock_recv_into(ours, bytearray(10)), loop.sock_accept(ours)):
                try:
                    await asyncio.wait_for(attempt, 5)
                except (RuntimeError, OSError) as error:
                    seen.append(type(error).__name__)
            peer.send(b"data")
            await settle()
            return seen, protocol.events

    assert_same_course(scenario)


def test_a_number_that_comes_back(each_loop: asyncio.AbstractEventLoop) -> None:
    """One transport after the other under the same number: data and endings go to the one that has it now."""

    async def scenario() -> set[int]:
        numbers = set()
        previous: list[tuple[asyncio.Transport, AnyRecorder]] = []
        for round_number in range(50):
            async with opened() as (transport, protocol, peer):
                numbers.add(transport.get_extra_info("socket").fileno())
                for old, old_protocol in previous:
                    old.close()
                    old.pause_reading()
                    old.resume_reading()
                    assert old_protocol.data == b"%d" % (round_number - 1)
                peer.send(b"%d" % round_number)
                await protocol.until_noted("data_received")
                assert protocol.data == b"%d" % round_number
                if round_number % 2:
                    transport.close()
                else:
                    peer.close()
                await protocol.until_lost()
                previous = [(transport, protocol)]
        return numbers

    assert len(run(each_loop, scenario())) < 10


def test_a_transport_s_own_old_number(each_loop: asyncio.AbstractEventLoop) -> None:
    """A reader that a program has put on the number is not disturbed when the old transport is collected."""
    ours, peer = socket_pair()
    number = ours.fileno()
    received: list[bytes] = []
    with _connection(each_loop, Recorder(), (ours, peer)) as transport:
        transport.close()
        run_idle(each_loop)
        near, far = socket.socketpair()
        with near, far:
            assert number in {near.fileno(), far.fileno()}
            watched, other = (near, far) if near.fileno() == number else (far, near)
            each_loop.add_reader(watched, lambda: received.append(watched.recv(10)))
            del transport
            other.send(b"data")
            run_idle(each_loop)
            each_loop.remove_reader(watched)
    assert received == [b"data"]
