"""Protocols that provide the buffers their data is read into."""

from __future__ import annotations

import array
import asyncio
import ctypes
import mmap
import random
import socket
from collections.abc import Callable
from typing import Any

import pytest

from support.protocols import AnyRecorder, BufferedRecorder
from support.streams import FAMILIES, assert_same_course, opened, reports, run, send, settle, socket_pair


@pytest.mark.parametrize("size", [1, 7, 4096, 1 << 20])
@pytest.mark.parametrize("family", FAMILIES)
def test_data_of_any_size_passes_through_a_buffer(each_loop: asyncio.AbstractEventLoop, size: int, family: str) -> None:
    text = random.Random(size).randbytes(min(size * 2000, 1_000_000))

    async def scenario() -> None:
        recorder = BufferedRecorder(buffer=bytearray(size))
        async with opened(recorder, socket_pair(family)) as (_, protocol, peer):
            await send(peer, text)
            peer.shutdown(socket.SHUT_WR)
            await protocol.until_noted("eof_received")
            assert protocol.data == text

    run(each_loop, scenario())


def test_the_course_of_calls() -> None:
    """A buffer is asked for before each read, the one that finds the end included, with no hint of a size."""

    async def scenario() -> object:
        calls: list[object] = []
        recorder = BufferedRecorder(
            buffer=bytearray(10),
            get_buffer=lambda _recorder, hint: calls.append(("get_buffer", hint)),
            buffer_updated=lambda _recorder, count: calls.append(("buffer_updated", count)),
            eof_received=lambda _recorder: calls.append("eof_received"),
        )
        async with opened(recorder) as (_, protocol, peer):
            peer.send(b"0123456789abc")
            await settle()
            calls.append("a pause")
            peer.send(b"x")
            await settle()
            peer.shutdown(socket.SHUT_WR)
            await protocol.until_lost()
        return calls, protocol.events

    text = assert_same_course(scenario)
    assert "('get_buffer', -1), ('buffer_updated', 10), ('get_buffer', -1), ('buffer_updated', 3), 'a pause'" in text


_Buffer = Callable[[], tuple[Any, Callable[[], bytes]]]


def _array_buffer() -> tuple[Any, Callable[[], bytes]]:
    memory = array.array("I", bytes(64))
    return memory, memory.tobytes


def _mapped_buffer() -> tuple[Any, Callable[[], bytes]]:
    memory = mmap.mmap(-1, 64)
    return memory, lambda: memory[:]


def _structure_buffer() -> tuple[Any, Callable[[], bytes]]:
    memory = (ctypes.c_uint16 * 32)()
    return memory, lambda: bytes(memory)


def _view_buffer() -> tuple[Any, Callable[[], bytes]]:
    memory = bytearray(100)
    return memoryview(memory)[10:74], lambda: bytes(memory[10:74])


def _typed_view_buffer() -> tuple[Any, Callable[[], bytes]]:
    memory = array.array("I", bytes(64))
    return memoryview(memory), memory.tobytes


def _square_view_buffer() -> tuple[Any, Callable[[], bytes]]:
    memory = bytearray(64)
    return memoryview(memory).cast("B", shape=(8, 8)), lambda: bytes(memory)


_BUFFERS: dict[str, _Buffer] = {
    "array": _array_buffer,
    "mapped memory": _mapped_buffer,
    "structure": _structure_buffer,
    "view": _view_buffer,
    "typed view": _typed_view_buffer,
    "view of two dimensions": _square_view_buffer,
}


@pytest.mark.parametrize("make", _BUFFERS.values(), ids=_BUFFERS)
def test_any_writable_memory_is_a_buffer(each_loop: asyncio.AbstractEventLoop, make: _Buffer) -> None:
    async def scenario() -> None:
        buffer, content = make()
        counts: list[int] = []
        recorder = BufferedRecorder(
            get_buffer=lambda _recorder, _hint: buffer,
            buffer_updated=lambda _recorder, count: counts.append(count),
        )
        async with opened(recorder) as (_, protocol, peer):
            text = bytes(range(1, 65))
            peer.send(text + b"more")
            await protocol.until_noted("buffer_updated")
            assert counts[0] == 64
            assert content() == text or content() == b"more" + text[4:]

    run(each_loop, scenario())


def test_a_buffer_is_free_once_it_was_filled(each_loop: asyncio.AbstractEventLoop) -> None:
    """A bytearray cannot be resized while somebody holds its memory."""
    received = bytearray()

    async def scenario() -> None:
        pending = bytearray()

        def grow(_recorder: AnyRecorder, _hint: int) -> bytearray:
            pending.extend(bytes(30))
            return pending

        def take(_recorder: AnyRecorder, count: int) -> None:
            received.extend(pending[:count])
            pending.clear()

        async with opened(BufferedRecorder(get_buffer=grow, buffer_updated=take)) as (_, protocol, peer):
            for number in range(100):
                peer.send(b"%03d" % number)
                if number % 7 == 0:
                    await asyncio.sleep(0)
            await protocol.until(lambda: len(received) == 300)
            await settle()
            pending.extend(b"free")

    run(each_loop, scenario())
    assert received == b"".join(b"%03d" % number for number in range(100))


def test_a_view_is_free_once_it_was_filled(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        views: list[memoryview] = []

        def provide(_recorder: AnyRecorder, _hint: int) -> memoryview:
            views.append(memoryview(bytearray(10)))
            return views[-1]

        def release(_recorder: AnyRecorder, _count: int) -> None:
            views[-1].release()

        async with opened(BufferedRecorder(get_buffer=provide, buffer_updated=release)) as (_, protocol, peer):
            for _ in range(3):
                peer.send(b"0123456789")
            await protocol.until(lambda: protocol.events.count("buffer_updated") == 3)
            assert all(len(view) == 10 if view is views[-1] and len(views) > 3 else True for view in views[3:])

    run(each_loop, scenario())


def test_a_buffer_is_not_kept(each_loop: asyncio.AbstractEventLoop) -> None:
    """Each read asks anew, so each may go somewhere else."""

    async def scenario() -> None:
        buffers: list[bytearray] = []

        def provide(_recorder: AnyRecorder, _hint: int) -> bytearray:
            buffers.append(bytearray(4))
            return buffers[-1]

        async with opened(BufferedRecorder(get_buffer=provide)) as (_, protocol, peer):
            peer.send(b"onetwothree!")
            await protocol.until(lambda: protocol.events.count("buffer_updated") == 3)
            assert buffers[:3] == [b"onet", b"woth", b"ree!"]

    run(each_loop, scenario())


def _released() -> memoryview:
    view = memoryview(bytearray(10))
    view.release()
    return view


_WRONG_BUFFERS: dict[str, Callable[[], Any]] = {
    "nothing": lambda: None,
    "empty": bytearray,
    "empty view": lambda: memoryview(bytearray()),
    "read-only": lambda: bytes(10),
    "read-only view": lambda: memoryview(bytes(10)),
    "list": lambda: [1, 2, 3],
    "text": lambda: "text",
    "number": lambda: 5,
    "view with gaps": lambda: memoryview(bytearray(10))[::2],
    "view backwards": lambda: memoryview(bytearray(10))[::-1],
    "released view": _released,
}


@pytest.mark.parametrize("make", _WRONG_BUFFERS.values(), ids=_WRONG_BUFFERS)
def test_a_buffer_that_cannot_be_filled_ends_the_connection(make: Callable[[], Any]) -> None:
    async def scenario() -> object:
        # A plain protocol: the recorder takes None for its own buffer.
        class Provider(asyncio.BufferedProtocol):
            def __init__(self) -> None:
                self.events: list[str] = []

            def get_buffer(self, sizehint: int) -> Any:
                self.events.append("get_buffer")
                return make()

            def buffer_updated(self, nbytes: int) -> None:
                self.events.append("buffer_updated")

            def connection_lost(self, exc: Exception | None) -> None:
                self.events.append(f"connection_lost {type(exc).__name__}")

        loop = asyncio.get_running_loop()
        ours, peer = socket_pair()
        with peer, reports(loop) as reported:
            transport, protocol = await loop.connect_accepted_socket(Provider, ours)
            peer.send(b"data")
            await settle()
            described = [
                (report.message, (report.exception or "").partition(":")[0], report.keys) for report in reported
            ]
            closing = transport.is_closing()
            transport.abort()
            await settle()
            return described, protocol.events, closing

    text = assert_same_course(scenario)
    assert "'exception', 'message', 'protocol', 'transport'" in text


@pytest.mark.parametrize("action", ["close", "abort", "pause_reading", "set_protocol"])
def test_an_action_while_a_buffer_is_provided(action: str) -> None:
    """The read that was begun goes on in asyncio; what becomes of it is compared."""

    async def scenario() -> object:
        other = BufferedRecorder()

        def act(recorder: AnyRecorder, _hint: int) -> None:
            if recorder.once("get_buffer"):
                if action == "set_protocol":
                    recorder.transport.set_protocol(other)
                else:
                    getattr(recorder.transport, action)()

        async with opened(BufferedRecorder(get_buffer=act)) as (transport, protocol, peer):
            peer.send(b"data")
            await settle()
            transport.resume_reading()
            await settle()
            return protocol.events, bytes(protocol.data), other.events, transport.is_closing()

    assert_same_course(scenario)


def test_a_protocol_of_both_kinds() -> None:
    """Asyncio goes by the class: what is a BufferedProtocol is read into its buffer."""

    class Both(BufferedRecorder, asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            self.events.append("data_received")

    async def scenario() -> object:
        async with opened(Both()) as (_, protocol, peer):
            peer.send(b"data")
            await settle()
            return protocol.events

    assert "data_received" not in assert_same_course(scenario)


def test_buffers_without_the_base_class() -> None:
    """An object with get_buffer that is no BufferedProtocol is given its data."""

    class Plain:
        def __init__(self) -> None:
            self.events: list[str] = []

        def connection_made(self, transport: object) -> None:
            self.events.append("connection_made")

        def data_received(self, data: bytes) -> None:
            self.events.append(f"data_received {data!r}")

        def get_buffer(self, _hint: int) -> bytearray:
            self.events.append("get_buffer")
            return bytearray(10)

        def eof_received(self) -> None:
            self.events.append("eof_received")

        def connection_lost(self, exc: Exception | None) -> None:
            self.events.append("connection_lost")

    async def scenario() -> object:
        loop: Any = asyncio.get_running_loop()
        ours, peer = socket_pair()
        with peer:
            _, protocol = await loop.connect_accepted_socket(Plain, ours)
            peer.send(b"data")
            peer.shutdown(socket.SHUT_WR)
            await settle()
            return protocol.events

    assert "data_received b'data'" in assert_same_course(scenario)
