"""Transports over pipes: what can be one, how they carry data, and how each end learns of the other's departure."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from asyncio import unix_events
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from support.loops import run_idle, run_iteration
from support.outcomes import assert_same_outcome
from support.squatters import squatters

_LARGE: Final = 3_000_000


class _Recorder(asyncio.Protocol):
    """Notes what it is called for."""

    def __init__(self) -> None:
        self.events: list[object] = []
        self.data = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.events.append("made")

    def data_received(self, data: bytes) -> None:
        self.data += data

    def eof_received(self) -> None:
        self.events.append("eof")

    def pause_writing(self) -> None:
        self.events.append("pause")

    def resume_writing(self) -> None:
        self.events.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append(type(exc).__name__)


def _ends() -> tuple[Any, Any]:
    reader, writer = os.pipe()
    return _file(reader, "rb"), _file(writer, "wb")


def _file(descriptor: int, mode: str) -> Any:
    return os.fdopen(descriptor, mode, buffering=0)


def _connect_reader(loop: asyncio.AbstractEventLoop, pipe: Any) -> tuple[Any, _Recorder]:
    return loop.run_until_complete(loop.connect_read_pipe(_Recorder, pipe))


def _connect_writer(loop: asyncio.AbstractEventLoop, pipe: Any) -> tuple[Any, _Recorder]:
    return loop.run_until_complete(loop.connect_write_pipe(_Recorder, pipe))


def _run_until(loop: asyncio.AbstractEventLoop, protocol: _Recorder, event: str) -> None:
    while event not in protocol.events:
        run_iteration(loop)


@contextlib.contextmanager
def _pair(loop: asyncio.AbstractEventLoop) -> Iterator[tuple[Any, _Recorder, Any, _Recorder]]:
    reader, writer = _ends()
    with reader, writer:
        try:
            yield *_connect_reader(loop, reader), *_connect_writer(loop, writer)
        finally:
            run_idle(loop)


def test_megabytes_arrive_in_order(each_loop: asyncio.AbstractEventLoop) -> None:
    content = os.urandom(_LARGE)
    with _pair(each_loop) as (_, received, transport, sender):
        for start in range(0, _LARGE, 100_000):
            transport.write(content[start : start + 100_000])
        transport.write_eof()
        _run_until(each_loop, received, "NoneType")
        assert received.data == content
        assert received.events == ["made", "eof", "NoneType"]
        assert sender.events[:2] == ["made", "pause"]
        assert sender.events[-1] == "NoneType"


def test_small_writes_of_any_type(each_loop: asyncio.AbstractEventLoop) -> None:
    with _pair(each_loop) as (_, received, transport, _sender):
        transport.write(b"one ")
        transport.write(bytearray(b"two "))
        transport.write(memoryview(b"three "))
        transport.write(b"")
        transport.writelines([b"four ", b"five"])
        run_idle(each_loop)
        assert received.data == b"one two three four five"
        transport.close()
        _run_until(each_loop, received, "NoneType")


def test_a_reader_that_goes_away_is_seen(each_loop: asyncio.AbstractEventLoop) -> None:
    with _pair(each_loop) as (reader, _, transport, sender):
        reader.close()
        _run_until(each_loop, sender, "NoneType")
        assert transport.is_closing()


def test_a_reader_that_goes_away_from_what_waits(each_loop: asyncio.AbstractEventLoop) -> None:
    with _pair(each_loop) as (reader, _, transport, sender):
        reader.pause_reading()
        transport.write(bytes(_LARGE))
        transport.write_eof()
        run_idle(each_loop)
        assert "NoneType" not in sender.events
        reader.close()
        _run_until(each_loop, sender, "BrokenPipeError")
        assert sender.events == ["made", "pause", "BrokenPipeError"]


@pytest.mark.skipif(
    unix_events._UnixReadPipeTransport.is_reading is asyncio.ReadTransport.is_reading,  # type: ignore[attr-defined]
    reason="in the first versions of 3.11 asyncio's do not tell whether they are paused",
)
def test_reading_pauses(each_loop: asyncio.AbstractEventLoop) -> None:
    with _pair(each_loop) as (reader, received, transport, _):
        reader.pause_reading()
        assert not reader.is_reading()
        transport.write(b"later")
        run_idle(each_loop)
        assert received.data == b""
        reader.resume_reading()
        run_idle(each_loop)
        assert received.data == b"later"
        reader.close()
        transport.close()


class _FailingOnce(_Recorder):
    failed = False

    def data_received(self, data: bytes) -> None:
        if not self.failed:
            self.failed = True
            raise LookupError("once")
        super().data_received(data)


def test_an_exception_of_the_protocol_s_leaves_the_pipe_open(each_loop: asyncio.AbstractEventLoop) -> None:
    reported: list[dict[str, Any]] = []
    each_loop.set_exception_handler(lambda _, context: reported.append(context))
    with _pair(each_loop) as (reader, _, transport, _):
        received = _FailingOnce()
        reader.set_protocol(received)
        transport.write(b"lost")
        run_idle(each_loop)
        transport.write(b"kept")
        run_idle(each_loop)
        assert received.data == b"kept"
        assert [type(context["exception"]) for context in reported] == [LookupError]
        reader.close()
        transport.close()


def test_what_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "regular file"
    path.write_bytes(b"content")

    def connect(way: str) -> Any:
        def scenario(loop: Any) -> None:
            with path.open("rb+", buffering=0) as file:
                try:
                    loop.run_until_complete(getattr(loop, way)(_Recorder, file))
                finally:
                    assert file.read() == b"content"

        return scenario

    assert assert_same_outcome(connect("connect_read_pipe")).raised == "ValueError"
    assert assert_same_outcome(connect("connect_write_pipe")).raised == "ValueError"


def test_files_of_all_kinds(each_loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    opened = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    ours, theirs = socket.socketpair()
    terminal, line = os.openpty()
    readers = [_file(opened, "rb"), ours, _file(terminal, "rb")]
    writers: list[Any] = [_file(os.open(fifo, os.O_WRONLY), "wb"), theirs, _file(line, "wb")]
    for reader, writer in zip(readers, writers, strict=True):
        source, received = _connect_reader(each_loop, reader)
        transport, _ = _connect_writer(each_loop, writer)
        assert isinstance(source, asyncio.ReadTransport)
        assert isinstance(transport, asyncio.WriteTransport)
        assert source.get_extra_info("pipe") is reader
        transport.write(b"content")
        while received.data != b"content":
            run_iteration(each_loop)
        source.close()
        transport.close()
        run_idle(each_loop)
    with Path(os.devnull).open("wb", buffering=0) as null:
        transport, protocol = _connect_writer(each_loop, null)
        transport.write(b"nowhere")
        transport.close()
        _run_until(each_loop, protocol, "NoneType")


def test_the_end_of_a_terminal(each_loop: asyncio.AbstractEventLoop) -> None:
    terminal, line = os.openpty()
    _, protocol = _connect_reader(each_loop, _file(terminal, "rb"))
    os.close(line)
    _run_until(each_loop, protocol, "OSError")


def test_misuse_of_a_writer() -> None:
    def write(data: Any) -> Any:
        def scenario(loop: Any) -> None:
            with _pair(loop) as (reader, _, transport, _):
                try:
                    transport.write(data)
                finally:
                    reader.close()
                    transport.close()

        return scenario

    for data in ("text", None, 5, [b"list"]):
        assert assert_same_outcome(write(data)).raised == "AssertionError"


@pytest.mark.parametrize("way", ["connect_read_pipe", "connect_write_pipe"])
def test_a_cancelled_connect_closes_its_pipe_once(each_loop: asyncio.AbstractEventLoop, way: str) -> None:
    for steps in range(6):
        reader, writer = _ends()
        ours, theirs = (reader, writer) if way == "connect_read_pipe" else (writer, reader)
        task = each_loop.create_task(getattr(each_loop, way)(_Recorder, ours))
        with theirs, squatters(each_loop) as taken:
            taken.step(steps)
            connected = task.done() and not task.cancelled()
            task.cancel()
            taken.step(4)
            if steps == 0:
                assert not ours.closed
                ours.close()
            elif connected:
                task.result()[0].close()
            taken.step_until(lambda: ours.closed)  # noqa: B023
            taken.step(3)
            assert taken.check() == 1
            taken.watch()
            taken.check_watched()


@pytest.mark.parametrize("ending", ["close", "abort", "departure"])
def test_an_ended_writer_leaves_its_number_alone(each_loop: asyncio.AbstractEventLoop, ending: str) -> None:
    for waiting in (0, _LARGE):
        reader, writer = _ends()
        transport, protocol = _connect_writer(each_loop, writer)
        with squatters(each_loop) as taken:
            transport.write(bytes(waiting))
            if ending == "departure" or waiting:
                reader.close()
            if ending != "departure":
                getattr(transport, ending)()
            for _ in range(8):
                transport.write(b"not for the squatter")
                taken.step()
            assert protocol.events[-1] in ("NoneType", "BrokenPipeError")
            assert taken.check() >= 1
            taken.watch()
            taken.check_watched()
        reader.close()
