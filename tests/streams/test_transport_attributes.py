"""Transports take attributes, and methods in place of theirs, as plain objects do."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
import weakref
from typing import Any
from unittest import mock

import pytest

from support.loops import LoopFactory, fresh_loop, run_idle
from support.protocols import Recorder


class _Connection:
    """A connection of a loop's, and the plain socket at its other end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        ours, self.other = socket.socketpair()
        self.other.setblocking(False)
        self.loop = loop
        self.transport: Any
        self.transport, self.protocol = loop.run_until_complete(loop.create_connection(Recorder, sock=ours))

    def end(self) -> None:
        self.transport.abort()
        self.other.close()
        run_idle(self.loop)


@pytest.fixture
def connection(each_loop: asyncio.AbstractEventLoop) -> Any:
    made = _Connection(each_loop)
    yield made
    made.end()


def test_attributes_of_any_name(connection: _Connection) -> None:
    transport = connection.transport
    transport.anything = 1
    transport.__dict__["more"] = 2
    assert (transport.anything, transport.more, vars(transport)["anything"]) == (1, 2, 1)
    del transport.anything
    assert not hasattr(transport, "anything")
    with pytest.raises(AttributeError):
        _ = transport.nothing


def test_a_method_is_replaced_and_restored(connection: _Connection) -> None:
    transport = connection.transport
    with mock.patch.object(transport, "write") as write:
        transport.write(b"not sent")
        write.assert_called_once_with(b"not sent")
    transport.write(b"sent")
    run_idle(connection.loop)
    assert connection.other.recv(100) == b"sent"
    transport.get_extra_info = lambda name, default=None: f"of {name}"
    assert transport.get_extra_info("peername") == "of peername"


def test_the_end_of_the_stream_closes_by_the_method_that_is_there(connection: _Connection) -> None:
    transport = connection.transport
    closed: list[str] = []
    original = transport.close

    def close() -> None:
        closed.append("closed")
        original()

    transport.close = close
    connection.other.shutdown(socket.SHUT_WR)
    run_idle(connection.loop)
    assert closed == ["closed"]
    assert transport.is_closing()


def test_a_close_that_fails_is_reported(connection: _Connection) -> None:
    transport = connection.transport
    reports: list[dict[str, Any]] = []
    connection.loop.set_exception_handler(lambda _loop, context: reports.append(context))
    transport.close = mock.Mock(side_effect=ValueError("close"))
    connection.other.shutdown(socket.SHUT_WR)
    for _ in range(3):
        connection.loop.stop()
        connection.loop.run_forever()
        if reports:
            break
    del transport.close
    assert [str(report["exception"]) for report in reports] == ["close"]


def test_a_stream_writer_uses_the_method_that_is_there(each_loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> list[bytes]:
        ours, theirs = socket.socketpair()
        _reader, writer = await asyncio.open_connection(sock=ours)
        written: list[bytes] = []
        writer.transport.write = written.append  # type: ignore[method-assign, assignment]
        writer.write(b"data")
        writer.close()
        await writer.wait_closed()
        theirs.close()
        return written

    assert each_loop.run_until_complete(main()) == [b"data"]


def test_a_cycle_through_an_attribute_is_collected(each_factory: LoopFactory) -> None:
    class Kept:
        pass

    with fresh_loop(each_factory) as loop:
        connection = _Connection(loop)
        kept = Kept()
        connection.transport.kept = kept
        kept.transport = connection.transport  # type: ignore[attr-defined]
        gone = weakref.ref(kept)
        connection.end()
        del kept, connection
        gc.collect()
        assert gone() is None


def test_an_attribute_lives_as_long_as_its_transport(each_factory: LoopFactory) -> None:
    with fresh_loop(each_factory) as loop:
        connection = _Connection(loop)
        value = object()
        before = sys.getrefcount(value)
        connection.transport.value = value
        assert sys.getrefcount(value) == before + 1
        connection.end()
        del connection
        gc.collect()
        assert sys.getrefcount(value) == before


def test_what_libraries_read(connection: _Connection) -> None:
    transport = connection.transport
    assert (transport._paused, bool(transport._conn_lost), transport._protocol_connected) == (False, False, True)
    assert transport.max_size == 256 * 1024
    transport.pause_reading()
    assert transport._paused
    transport.resume_reading()
    transport.abort()
    assert transport._conn_lost
