"""The order of everything that happens to connections, iteration by iteration, is asyncio's."""

from __future__ import annotations

import asyncio
import gc
import random
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pytest

from support.loops import FACTORIES, fresh_loop, run_iteration
from support.protocols import AnyRecorder, BufferedRecorder, Recorder
from support.streams import assert_same_course, assert_same_trace, closed, offer, socket_pair

Trace = list[str]

_ITERATIONS: Final = 150
_PIECE: Final = 200


def _ticking(events: Trace) -> Callable[[], None]:
    """Note every iteration from now on among `events`; returns what ends that."""
    loop = asyncio.get_running_loop()
    handle: asyncio.Handle

    def tick() -> None:
        nonlocal handle
        events.append("tick")
        handle = loop.call_soon(tick)

    def stop() -> None:
        handle.cancel()

    handle = loop.call_soon(tick)
    return stop


class _Named(Recorder):
    """Notes what is called under a name of its own, in a trace it shares with others."""

    def __init__(self, name: str, trace: Trace, **hooks: Any) -> None:
        super().__init__(**hooks)
        self.name = name
        self._trace = trace

    def _note(self, callback: str, *arguments: object, label: str | None = None) -> Any:
        detail = f" {arguments[0]!r}" if callback == "data_received" else ""
        self._trace.append(f"{self.name} {label or callback}{detail}")
        return super()._note(callback, *arguments, label=label)


def _unix_address(loop: asyncio.AbstractEventLoop) -> str:
    # In the abstract name space, where nothing has to be removed.
    return f"\0pyloop-trace-{id(loop)}"


def test_a_connection_from_beginning_to_end() -> None:
    """Both ends on the loop: who is told what in which iteration."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        events: Trace = []
        servants: list[_Named] = []

        def note(text: str) -> Callable[..., None]:
            def hook(*_arguments: object) -> None:
                events.append(f"{text} runs")
                loop.call_soon(events.append, f"scheduled when {text}")

            return hook

        def answer(recorder: AnyRecorder, data: bytes) -> None:
            recorder.transport.write(data.upper())
            loop.call_soon(events.append, "scheduled after the answer")

        def serve() -> _Named:
            events.append("server's factory")
            loop.call_soon(events.append, "scheduled in the server's factory")
            servants.append(_Named("server", events, connection_made=note("server made"), data_received=answer))
            return servants[-1]

        def make() -> _Named:
            events.append("client's factory")
            loop.call_soon(events.append, "scheduled in the client's factory")
            return _Named("client", events, connection_made=note("client made"), connection_lost=note("client lost"))

        server = await loop.create_unix_server(serve, _unix_address(loop))
        stop = _ticking(events)
        transport, protocol = await loop.create_unix_connection(make, _unix_address(loop))
        events.append("connected")
        for text in (b"one", b"two"):
            transport.write(text)
            loop.call_soon(events.append, f"scheduled after {text!r}")
            await protocol.until_received(len(protocol.data) + len(text))
            events.append(f"answered {text!r}")
        transport.close()
        loop.call_soon(events.append, "scheduled after close")
        await servants[0].until_lost()
        events.append("both lost")
        server.close()
        stop()
        return events

    text = assert_same_course(scenario)
    assert text.index("client's factory") < text.index("client connection_made") < text.index("'connected'")


@pytest.mark.parametrize("clients", [1, 2, 7])
def test_connections_accepted_at_once(clients: int) -> None:
    """They have sent by the time they are accepted, and some have gone."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        events: Trace = []
        servants: list[_Named] = []

        def serve() -> _Named:
            events.append(f"factory {len(servants)}")
            servants.append(_Named(f"server {len(servants)}", events))
            return servants[-1]

        server = await loop.create_unix_server(serve, _unix_address(loop))
        peers = []
        for number in range(clients):
            peer = socket.socket(socket.AF_UNIX)
            peer.connect(_unix_address(loop))
            peer.send(b"from %d" % number)
            if number % 3 == 2:
                peer.shutdown(socket.SHUT_WR)
            peers.append(peer)
        stop = _ticking(events)
        while len(servants) < clients or any(b"from" not in servant.data for servant in servants):
            await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        for peer in reversed(peers):
            peer.close()
        for servant in servants:
            await servant.until_lost()
        stop()
        server.close()
        return events

    assert_same_course(scenario)


@pytest.mark.skipif(sys.version_info < (3, 13), reason="Server.close_clients is new in 3.13")
@pytest.mark.parametrize("method", ["close_clients", "abort_clients"])
@pytest.mark.parametrize("moment", ["factory", "connection_made", "data_received", "connection_lost"])
def test_a_server_knows_its_connections(method: str, moment: str) -> None:
    """A connection belongs to its server from before it is told that it is made until after it is lost."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        events: Trace = []
        servants: list[_Named] = []

        def act(*_arguments: object) -> None:
            events.append("before")
            getattr(server, method)()
            events.append("after")

        def serve() -> _Named:
            if moment == "factory":
                act()
            hooks = {} if moment == "factory" else {moment: act}
            servants.append(_Named("server", events, **hooks))
            return servants[-1]

        server = await loop.create_unix_server(serve, _unix_address(loop))
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(_unix_address(loop))
            stop = _ticking(events)
            for _ in range(5):
                await asyncio.sleep(0)
            offer(peer, b"x")
            for _ in range(5):
                await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        stop()
        server.close()
        await server.wait_closed()
        await closed(servants[0].transport)
        return events

    assert_same_course(scenario)


def _end(method: str, recorder: AnyRecorder, _transport: asyncio.BaseTransport) -> None:
    getattr(recorder.transport, method)()


def test_the_waiter_of_a_connection_that_is_closed_as_it_is_made() -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        events: Trace = []
        for method in ("close", "abort"):
            ours, peer = socket_pair()
            protocol = _Named(method, events, connection_made=partial(_end, method))
            with peer:
                stop = _ticking(events)
                transport, _ = await loop.connect_accepted_socket(partial(_itself, protocol), ours)
                events.append(f"returned, closing {transport.is_closing()}")
                await closed(transport)
                stop()
        return events

    assert_same_course(scenario)


def _itself(protocol: AnyRecorder) -> AnyRecorder:
    return protocol


class _Subject:
    """A connection to which random things are done; what follows is noted with the number of the iteration.

    Its choices are its own: which of several connections comes first in an iteration does not matter to the others.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, choices: random.Random) -> None:
        self.trace: Trace = []
        self._iteration = 0
        self._choices = choices
        ours, self._peer = socket_pair()
        making = loop.connect_accepted_socket(partial(_itself, self._make_protocol()), ours)
        self._transport, _ = loop.run_until_complete(making)

    def act(self) -> None:
        """Have one iteration's share of random things done."""
        self._iteration += 1
        # What was written in earlier iterations is there; what is written in this one may still be on its way.
        if self._choices.random() < 0.2 and self._peer.fileno() != -1:
            self._note(f"the peer reads {_read(self._peer)}")
        over = self._transport.is_closing() and self._peer.fileno() == -1
        if self._choices.random() < 0.5 and not over:
            action = self._choices.choice(_FUZZ_ACTIONS)
            self._note(action)
            try:
                self._do(action)
            except (OSError, RuntimeError) as error:
                self._note(f"{type(error).__name__}: {error}")

    def finish(self) -> None:
        """Note the state it is in and close what is open."""
        self._note(f"closing {self._transport.is_closing()}, reading {self._transport.is_reading()}")
        self._peer.close()
        if self._transport.get_extra_info("socket").fileno() != -1:
            self._transport.abort()

    def _note(self, text: str) -> None:
        self.trace.append(f"{self._iteration}: {text}")

    def _make_protocol(self) -> AnyRecorder:
        answers = self._choices.choice((True, False))
        pauses = self._choices.random() < 0.2
        keeps_open = self._choices.choice((True, False))

        def note(recorder: AnyRecorder, *_arguments: object) -> None:
            self._note(f"{recorder.events[-1]} {len(recorder.data)}")

        def note_end(recorder: AnyRecorder) -> bool:
            note(recorder)
            return keeps_open

        def note_data(recorder: AnyRecorder, _data: object) -> None:
            note(recorder)
            if self._choices.random() < _RARELY["close"]:
                recorder.transport.close()
            elif answers:
                recorder.transport.write(b"answer")
            if pauses:
                recorder.transport.pause_reading()

        common: dict[str, Any] = {"connection_made": note, "connection_lost": note, "eof_received": note_end}
        if self._choices.choice((True, False)):
            return Recorder(data_received=note_data, **common)
        return BufferedRecorder(buffer_updated=note_data, **common)

    def _do(self, action: str) -> None:
        size = self._choices.randrange(_PIECE)
        if self._choices.random() > _RARELY.get(action, 1):
            return
        if action == "peer sends":
            self._peer.send(bytes(size))
        elif action == "peer ends":
            self._peer.shutdown(socket.SHUT_WR)
        elif action == "peer closes":
            self._peer.close()
        elif action == "write":
            self._transport.write(bytes(size))
        elif action == "set_protocol":
            successor = self._make_protocol()
            successor.transport = self._transport
            self._transport.set_protocol(successor)
        else:
            getattr(self._transport, action)()


def _random_traces(loop: asyncio.AbstractEventLoop, seed: int) -> list[Trace]:
    # A protocol that answers after the end of its stream has failed, which ends its connection.
    loop.set_exception_handler(lambda _loop, _context: None)
    subjects = [_Subject(loop, random.Random(seed * 4 + number)) for number in range(4)]
    for _ in range(_ITERATIONS):
        for subject in subjects:
            loop.call_soon(subject.act)
        run_iteration(loop)
    for subject in subjects:
        subject.finish()
    for _ in range(3):
        run_iteration(loop)
    return [subject.trace for subject in subjects]


_FUZZ_ACTIONS: Final = (
    *["peer sends"] * 5,
    "peer ends",
    "peer closes",
    *["write"] * 5,
    *["pause_reading", "resume_reading"] * 3,
    "write_eof",
    "close",
    "abort",
    "set_protocol",
)
_RARELY: Final = {"peer ends": 0.03, "peer closes": 0.02, "write_eof": 0.03, "close": 0.03, "abort": 0.02}


def _read(peer: socket.socket) -> str:
    try:
        return str(len(peer.recv(1 << 16)))
    except OSError as error:
        return type(error).__name__


@pytest.mark.parametrize("block", range(5))
def test_random_events(block: int) -> None:
    """Of several connections in the same iteration either may come first; each sees what it sees on asyncio."""
    for seed in range(block * 20, block * 20 + 20):
        traces = []
        gc.disable()
        try:
            for factory in FACTORIES.values():
                with fresh_loop(factory) as loop:
                    traces.append(_random_traces(loop, seed))
        finally:
            gc.enable()
        for expected, actual in zip(*traces, strict=True):
            assert actual == expected, f"seed {seed}"


def test_events_between_runs() -> None:
    """What happens while the loop does not run is told in the next run's first iterations."""

    def scenario(loop: Any) -> object:
        events: Trace = []
        ours, peer = socket_pair()
        making = loop.create_task(loop.connect_accepted_socket(lambda: _Named("stream", events), ours))
        for text in (b"before", b"after one", b"after two", b"after three"):
            peer.send(text)
            run_iteration(loop)
            events.append(f"iteration after {text!r}, made {making.done()}")
        transport, _ = making.result()
        transport.write(b"late")
        peer.close()
        for _ in range(4):
            run_iteration(loop)
            events.append(f"iteration, closing {transport.is_closing()}")
        return events

    assert_same_trace(scenario)
