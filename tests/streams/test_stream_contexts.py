"""The contextvars context in which each callback of a protocol runs, and how long what it changes lasts: as in asyncio.

Which context that is follows from asyncio's code rather than from its documentation. But instrumentation (tracing,
logging with a request's number) is built on it, so programs would notice a difference.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from support.certificates import server_context
from support.descriptors import exhausted_descriptors
from support.protocols import CALLBACKS, AnyRecorder, BufferedRecorder, Recorder, at
from support.streams import LARGE, assert_same_course, closed, receive, receive_all, settle, socket_pair
from support.tls import connect

_variable: contextvars.ContextVar[str] = contextvars.ContextVar("_variable", default="unset")


@contextmanager
def _value(value: str) -> Iterator[None]:
    """The variable has `value` in the block."""
    token = _variable.set(value)
    try:
        yield
    finally:
        _variable.reset(token)


def _watcher(kind: type[AnyRecorder], seen: list[str], *, changing: bool = True) -> AnyRecorder:
    """A protocol that notes the variable in each callback and appends to it, so that what lasts is seen."""

    def note(callback: str) -> Callable[..., None]:
        def hook(*_arguments: object) -> None:
            seen.append(f"{callback}: {_variable.get()}")
            if changing:
                _variable.set(f"{_variable.get()}+{callback}")

        return hook

    names = [name for name in CALLBACKS if hasattr(kind, name)]
    hooks: dict[str, Any] = {name: note(name) for name in names}
    return kind(**hooks)


@pytest.mark.parametrize("changing", [True, False], ids=["changing", "only looking"])
@pytest.mark.parametrize("kind", [Recorder, BufferedRecorder])
@pytest.mark.parametrize("ending", ["close", "abort", "the peer's end", "close with data waiting"])
def test_the_life_of_a_connection(kind: type[AnyRecorder], ending: str, changing: bool) -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        seen: list[str] = []
        protocol = _watcher(kind, seen, changing=changing)
        ours, peer = socket_pair()
        with peer:
            with _value("at creation"):
                transport, _ = await loop.connect_accepted_socket(lambda: protocol, ours)
            for text in (b"one", b"two"):
                peer.send(text)
                await settle()
            for number in range(2):
                with _value(f"at write {number}"):
                    transport.write(bytes(LARGE))
                with _value("at the write after it"):
                    transport.write(b"more")
                await receive(peer, LARGE + 4)
                await settle()
            if ending == "the peer's end":
                peer.shutdown(socket.SHUT_WR)
                await settle()
            else:
                if ending == "close with data waiting":
                    with _value("at the last write"):
                        transport.write(bytes(LARGE))
                with _value("at the end"):
                    transport.abort() if ending == "abort" else transport.close()
                await receive_all(peer)
            await protocol.until_lost()
            await closed(transport)
            seen.append(f"outside: {_variable.get()}")
        return seen

    text = assert_same_course(scenario)
    assert "'connection_made: at creation'" in text
    assert "'outside: unset'" in text


@pytest.mark.parametrize("debug", [False, True], ids=["", "debug mode"])
@pytest.mark.parametrize("kind", [Recorder, BufferedRecorder])
def test_an_accepted_connection(kind: type[AnyRecorder], debug: bool) -> None:
    """Each connection has a copy of the server's context, that of whoever made it serve; from 3.15 on, who made it."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        loop.set_debug(debug)
        seen: list[str] = []
        protocols: list[AnyRecorder] = []

        def make() -> AnyRecorder:
            seen.append(f"factory: {_variable.get()}")
            _variable.set(f"{_variable.get()}+factory{len(protocols)}")
            protocols.append(_watcher(kind, seen))
            return protocols[-1]

        address = f"\0pyloop-contexts-{id(loop)}"
        with _value("at creation"):
            server = await loop.create_unix_server(make, address, start_serving=False)
        with _value("at serving"):
            await server.start_serving()
        for number in range(2):
            seen.append(f"connection {number}")
            with socket.socket(socket.AF_UNIX) as peer:
                peer.setblocking(False)
                peer.connect(address)
                await settle()
                peer.send(b"data")
                await settle()
                peer.shutdown(socket.SHUT_WR)
                await settle()
            await closed(protocols[-1].transport)
        server.close()
        return seen

    text = assert_same_course(scenario)
    assert f"'factory: at {'creation' if sys.version_info >= (3, 15) else 'serving'}'" in text


@pytest.mark.parametrize("kind", [Recorder, BufferedRecorder])
def test_connections_with_tls(kind: type[AnyRecorder]) -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        accepted: list[str] = []
        connected: list[str] = []
        server_side, client_side = (_watcher(kind, seen, changing=False) for seen in (accepted, connected))
        with _value("at the server's creation"):
            server = await loop.create_server(lambda: server_side, "127.0.0.1", 0, ssl=server_context())
        with _value("at the client's creation"):
            transport = await connect(server.sockets[0].getsockname(), client_side)
        transport.write(b"data")
        await server_side.until_received(4)
        with _value("at the answer"):
            server_side.transport.write(b"more")
        await client_side.until_received(4)
        with _value("at the end"):
            transport.close()
        await client_side.until_lost()
        await server_side.until_lost()
        server.close()
        # How often there is something to read depends on how the records arrive.
        return sorted(set(accepted)), sorted(set(connected))

    text = assert_same_course(scenario)
    assert "connection_made: at the server" in text
    assert "connection_made: at the client" in text


def test_a_server_that_could_not_accept_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """It serves as before when it accepts again."""
    monkeypatch.setattr("asyncio.constants.ACCEPT_RETRY_DELAY", 0)

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        seen: list[str] = []
        protocol = _watcher(Recorder, seen)
        address = f"\0pyloop-contexts-{id(loop)}"
        with _value("at creation"):
            server = await loop.create_unix_server(lambda: protocol, address)
        loop.set_exception_handler(lambda _loop, context: seen.append(context["message"]))
        with socket.socket(socket.AF_UNIX) as peer:
            peer.setblocking(False)
            with exhausted_descriptors():
                peer.connect(address)
                while not seen:
                    await asyncio.sleep(0)
            await protocol.until_noted("connection_made")
        await protocol.until_lost()
        server.close()
        return sorted(set(seen))

    assert "socket.accept() out of system resource" in assert_same_course(scenario)


def test_endings_by_others() -> None:
    """connection_lost runs in the context of whoever ended the connection, or of the callback that found it ended."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        seen: list[str] = []

        def close_it(recorder: AnyRecorder, *_arguments: object) -> None:
            with _value("in a callback"):
                recorder.transport.close()

        for callback in ("connection_made", "data_received", "pause_writing"):
            protocol = Recorder(
                connection_lost=lambda _recorder, _error: seen.append(_variable.get()), **at(callback, close_it)
            )
            ours, peer = socket_pair()
            with peer:
                with _value("at creation"):
                    transport, _ = await loop.connect_accepted_socket(lambda protocol=protocol: protocol, ours)  # type: ignore[misc]
                if callback == "data_received":
                    peer.send(b"data")
                if callback == "pause_writing":
                    with _value("at write"):
                        transport.write(bytes(LARGE))
                    await receive_all(peer)
                await protocol.until_lost()
                await closed(transport)
        return seen

    assert_same_course(scenario)


def test_a_write_that_fails() -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        seen: list[str] = []
        for size in (3, LARGE):
            protocol = _watcher(Recorder, seen)
            ours, peer = socket_pair()
            with _value("at creation"):
                transport, _ = await loop.connect_accepted_socket(lambda protocol=protocol: protocol, ours)  # type: ignore[misc]
            transport.pause_reading()
            if size == LARGE:
                with _value("at the first write"):
                    transport.write(bytes(size))
            peer.close()
            with _value("at the write to nobody"):
                transport.write(bytes(3))
                # PyLoop sends when the callback returns, and finds out then.
                await protocol.until_lost()
            await closed(transport)
        return seen

    assert_same_course(scenario)


def test_tasks_made_in_callbacks() -> None:
    """Streams start a task per connection in connection_made: what is set there is seen in the task."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        seen: list[str] = []
        finished = loop.create_future()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.append(f"task: {_variable.get()}")
            _variable.set("set by the task")
            while data := await reader.read(100):
                seen.append(f"task after {data!r}: {_variable.get()}")
                writer.write(data)
                await writer.drain()
            writer.close()
            await writer.wait_closed()
            seen.append(f"task at the end: {_variable.get()}")
            finished.set_result(None)

        address = f"\0pyloop-contexts-{id(loop)}"
        with _value("at the server's creation"):
            server = await asyncio.start_unix_server(serve, address)
        with _value("at the client's creation"):
            reader, writer = await asyncio.open_unix_connection(address)
        for text in (b"one", b"two"):
            writer.write(text)
            seen.append(repr(await reader.read(100)))
        writer.close()
        await writer.wait_closed()
        await finished
        server.close()
        await settle()
        return seen

    assert "task: at the server" in assert_same_course(scenario)


def test_the_context_is_current_in_callbacks_that_schedule() -> None:
    """Callbacks scheduled by a callback inherit what it set."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        seen: list[str] = []

        def schedule(recorder: AnyRecorder, data: bytes) -> None:
            _variable.set(data.decode())
            loop.call_soon(lambda: seen.append(_variable.get()))
            loop.call_later(0, lambda: seen.append(f"timer {_variable.get()}"))
            recorder.transport.write(data)

        protocol = Recorder(data_received=schedule)
        ours, peer = socket_pair()
        with peer:
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, ours)
            for text in (b"one", b"two"):
                peer.send(text)
                await receive(peer, 3)
                await settle()
            transport.close()
            await closed(transport)
        return seen

    assert_same_course(scenario)


@pytest.mark.parametrize("kept", [False, True], ids=["handle dropped", "handle kept"])
def test_an_interrupt_while_sending_leaves_no_context_entered(loop: asyncio.AbstractEventLoop, kept: bool) -> None:
    """PyLoop sends when the callback has returned; what is logged then may be interrupted."""
    loop.set_debug(True)
    ours, peer = socket_pair()
    transport, _ = loop.run_until_complete(loop.connect_accepted_socket(Recorder, ours))
    peer.close()
    context = contextvars.copy_context()
    context.run(_variable.set, "in the callback")
    handle = loop.call_soon(transport.write, b"to nobody", context=context)
    if not kept:
        del handle
    with _interrupted_by_write_errors(), pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(settle())
    assert _variable.get() == "unset"
    assert context.run(_variable.get) == "in the callback"
    loop.run_until_complete(closed(transport))


def test_an_interrupt_while_sending_before_a_read_leaves_the_loop(each_loop: asyncio.AbstractEventLoop) -> None:
    """What get_buffer() writes is sent before its buffer is used, and an interrupt then is no fault of the buffer."""

    class Writing(BufferedRecorder):
        def get_buffer(self, sizehint: int) -> Any:
            self.transport.write(b"to nobody")
            return super().get_buffer(sizehint)

    each_loop.set_debug(True)
    ours, peer = socket_pair()
    transport, _ = each_loop.run_until_complete(each_loop.connect_accepted_socket(Writing, ours))
    peer.send(b"data")
    peer.close()
    with _interrupted_by_write_errors(), pytest.raises(KeyboardInterrupt):
        each_loop.run_until_complete(settle())
    transport.abort()
    each_loop.run_until_complete(closed(transport))


@contextmanager
def _interrupted_by_write_errors() -> Iterator[None]:
    """Let what asyncio logs of a failed write in debug mode be interrupted."""

    class Interrupted(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "write error" in record.getMessage():
                raise KeyboardInterrupt

    logger = logging.getLogger("asyncio")
    level, handler = logger.level, Interrupted()
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
