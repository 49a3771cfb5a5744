"""The context in which a protocol is called once reading was resumed: the transport's, whoever resumed it.

On asyncio, before CPython 3.15, that of the caller of `resume_reading` leaks into all that the protocol hears from then
on (CPython's issue 140947): a request's number is then in the logs of another request.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import sys
from typing import Any, Final

import pytest

from support.certificates import server_context
from support.loops import LoopFactory
from support.protocols import AnyRecorder, BufferedRecorder, Recorder, at
from support.streams import closed, run, settle, socket_pair
from support.tls import connect

_variable: contextvars.ContextVar[str] = contextvars.ContextVar("_variable", default="unset")

_LEAKS: Final = sys.version_info < (3, 15)
"""Whether asyncio's own stream transports go on in the context of whoever resumes."""


def _resumed_by_another(transport: Any) -> None:
    token = _variable.set("at resume")
    transport.pause_reading()
    transport.resume_reading()
    _variable.reset(token)


def _noting(kind: type[AnyRecorder], seen: list[str]) -> AnyRecorder:
    def note(_recorder: object, *_arguments: object) -> None:
        seen.append(_variable.get())

    received = "buffer_updated" if kind is BufferedRecorder else "data_received"
    return kind(**at(received, note), **at("eof_received", note))


@pytest.mark.parametrize("kind", [Recorder, BufferedRecorder])
def test_a_socket(loop_name: str, each_loop: asyncio.AbstractEventLoop, kind: type[AnyRecorder]) -> None:
    async def scenario() -> list[str]:
        seen: list[str] = []
        ours, peer = socket_pair()
        with peer:
            _variable.set("at creation")
            transport, _ = await each_loop.connect_accepted_socket(lambda: _noting(kind, seen), ours)
            peer.send(b"before")
            await settle()
            _resumed_by_another(transport)
            peer.send(b"after")
            await settle()
        await settle()
        await closed(transport)
        return seen

    leaks = loop_name == "asyncio" and _LEAKS
    later = "at resume" if leaks else "at creation"
    assert run(each_loop, scenario()) == ["at creation", later, later]


def test_what_the_protocol_set_lasts(loop: asyncio.AbstractEventLoop) -> None:
    """It is the very context that it was called in before."""

    async def scenario() -> list[str]:
        seen: list[str] = []

        def count(recorder: AnyRecorder, data: bytes) -> None:
            _variable.set(f"{_variable.get()}+{data.decode()}")
            seen.append(_variable.get())
            recorder.transport.pause_reading()

        ours, peer = socket_pair()
        with peer:
            transport, _ = await loop.connect_accepted_socket(lambda: Recorder(data_received=count), ours)
            for text in ("one", "two"):
                peer.send(text.encode())
                await settle()
                transport.resume_reading()
        transport.close()
        await closed(transport)
        return seen

    assert run(loop, scenario()) == ["unset+one", "unset+one+two"]


def test_an_accepted_connection(loop_name: str, each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> list[str]:
        seen: list[str] = []
        protocol = _noting(Recorder, seen)
        _variable.set("at creation")
        server = await each_loop.create_server(lambda: protocol, "127.0.0.1", 0)
        _reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        await protocol.until_noted("connection_made")
        _resumed_by_another(protocol.transport)
        writer.write(b"after")
        await protocol.until_received(5)
        writer.close()
        await writer.wait_closed()
        await protocol.until_lost()
        server.close()
        return seen[:1]

    leaks = loop_name == "asyncio" and _LEAKS
    assert run(each_loop, scenario()) == ["at resume" if leaks else "at creation"]


def test_a_pipe(loop_name: str, each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> list[str]:
        seen: list[str] = []
        reader, writer = os.pipe()
        _variable.set("at creation")
        protocol = _noting(Recorder, seen)
        with os.fdopen(reader, "rb", 0) as file:
            transport, _ = await each_loop.connect_read_pipe(lambda: protocol, file)
            os.write(writer, b"before")
            await protocol.until_received(6)
            _resumed_by_another(transport)
            os.write(writer, b"after")
            await protocol.until_received(11)
            os.close(writer)
            await protocol.until_lost()
        return seen[:2]

    # asyncio's transports of pipes have no context of their own in 3.15 either.
    assert run(each_loop, scenario()) == ["at creation", "at resume" if loop_name == "asyncio" else "at creation"]


@pytest.mark.parametrize("held", [True, False], ids=["held by TLS", "not received yet"])
def test_tls(loop_name: str, each_factory: LoopFactory, held: bool) -> None:
    async def scenario() -> list[str]:
        loop = asyncio.get_running_loop()
        seen: list[str] = []
        server_side, client_side = Recorder(), _noting(Recorder, seen)
        server = await loop.create_server(lambda: server_side, "127.0.0.1", 0, ssl=server_context())
        _variable.set("at creation")
        transport: Any = await connect(server.sockets[0].getsockname(), client_side)
        await server_side.until_noted("connection_made")
        if held:
            transport.pause_reading()
            server_side.transport.write(b"data")
            while not transport.get_read_buffer_size():
                await asyncio.sleep(0)
        _resumed_by_another(transport)
        if not held:
            server_side.transport.write(b"data")
        await client_side.until_received(4)
        transport.close()
        await client_side.until_lost()
        await server_side.until_lost()
        server.close()
        return seen[:1]

    with asyncio.Runner(loop_factory=each_factory) as runner:
        seen = runner.run(scenario())
    # TLS reads on all the time while it is paused: only what it holds is handed on by whoever resumes.
    assert seen == ["at resume" if loop_name == "asyncio" and held else "at creation"]
