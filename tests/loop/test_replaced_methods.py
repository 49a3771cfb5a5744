"""Methods that a program has replaced on an object of the loop's are called wherever asyncio would call them."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest

from support.loops import CLASSES, fresh_loop, run_idle
from support.protocols import Recorder


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.lost = False

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.received.append(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True


@pytest.fixture
def datagrams(each_loop: asyncio.AbstractEventLoop) -> Iterator[Any]:
    """A datagram transport, and a plain socket that may send to it."""
    transport, _ = each_loop.run_until_complete(
        each_loop.create_datagram_endpoint(_Datagrams, local_addr=("127.0.0.1", 0))
    )
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        other.settimeout(10)
        yield transport, other
    transport.abort()
    run_idle(each_loop)


def _connection(loop: asyncio.AbstractEventLoop) -> tuple[Any, Recorder, socket.socket]:
    ours, theirs = socket.socketpair()
    theirs.settimeout(10)
    transport, protocol = loop.run_until_complete(loop.create_connection(Recorder, sock=ours))
    return transport, protocol, theirs


def _writer(loop: asyncio.AbstractEventLoop) -> tuple[Any, Recorder, int]:
    reading, writing = os.pipe()
    transport, protocol = loop.run_until_complete(loop.connect_write_pipe(Recorder, os.fdopen(writing, "wb", 0)))
    return transport, protocol, reading


def test_a_datagram_transport_takes_attributes(datagrams: Any) -> None:
    transport, _ = datagrams
    transport.anything = 1
    assert (transport.anything, vars(transport)["anything"]) == (1, 1)
    transport.get_extra_info = lambda name, default=None: f"of {name}"
    assert transport.get_extra_info("peername") == "of peername"
    del transport.get_extra_info
    assert transport.get_extra_info("peername") is None


def test_sendto_is_replaced_and_restored(each_loop: asyncio.AbstractEventLoop, datagrams: Any) -> None:
    transport, other = datagrams
    with mock.patch.object(transport, "sendto") as sendto:
        transport.sendto(b"not sent", other.getsockname())
        sendto.assert_called_once_with(b"not sent", other.getsockname())
    transport.sendto(b"sent", other.getsockname())
    run_idle(each_loop)
    assert other.recv(100) == b"sent"


def test_the_abort_of_a_datagram_transport_is_replaced(each_loop: asyncio.AbstractEventLoop, datagrams: Any) -> None:
    transport, _ = datagrams
    protocol = transport._protocol
    with mock.patch.object(transport, "abort"):
        transport.abort()
        run_idle(each_loop)
        assert not protocol.lost
    transport.close()
    run_idle(each_loop)
    assert protocol.lost


def test_lines_are_written_by_the_method_that_is_there(each_loop: asyncio.AbstractEventLoop) -> None:
    transport, _, theirs = _connection(each_loop)
    with theirs:
        with mock.patch.object(transport, "write") as write:
            transport.writelines([b"one", b"two"])
            run_idle(each_loop)
        if sys.version_info < (3, 12):
            write.assert_called_once_with(b"onetwo")
        else:
            write.assert_not_called()
            assert theirs.recv(100) == b"onetwo"
        transport.abort()
        run_idle(each_loop)


def test_flow_control_goes_by_the_size_that_is_told(each_loop: asyncio.AbstractEventLoop) -> None:
    transport, protocol, theirs = _connection(each_loop)
    with theirs:
        transport.get_write_buffer_size = lambda: 101
        transport.set_write_buffer_limits(high=101)
        assert "pause_writing" not in protocol.events
        transport.set_write_buffer_limits(high=100)
        assert protocol.once("pause_writing")
        del transport.get_write_buffer_size
        transport.abort()
        run_idle(each_loop)


def test_closing_the_writing_end_of_a_pipe_is_writing_its_end(each_loop: asyncio.AbstractEventLoop) -> None:
    transport, protocol, reading = _writer(each_loop)
    with mock.patch.object(transport, "write_eof") as write_eof:
        transport.close()
        write_eof.assert_called_once_with()
    assert not transport.is_closing()
    with mock.patch.object(transport, "close") as close:
        transport.write_eof()
        close.assert_not_called()
    run_idle(each_loop)
    assert protocol.losses == [None]
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_the_end_of_a_pipe_closes_it_whatever_close_is(each_loop: asyncio.AbstractEventLoop) -> None:
    reading, writing = os.pipe()
    transport, protocol = each_loop.run_until_complete(
        each_loop.connect_read_pipe(Recorder, os.fdopen(reading, "rb", 0))
    )
    with mock.patch.object(transport, "close") as close:
        os.close(writing)
        run_idle(each_loop)
        close.assert_not_called()
    assert protocol.losses == [None]


def test_the_methods_of_a_child_s_transport_are_replaced(each_loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        transport, _ = await each_loop.subprocess_exec(asyncio.SubprocessProtocol, "sleep", "100")
        transport.anything = 1  # type: ignore[attr-defined]
        with mock.patch.object(transport, "kill") as kill:
            transport.kill()
            kill.assert_called_once_with()
        with mock.patch.object(transport, "send_signal") as send_signal:
            transport.terminate()
            # It goes by that method from some release of 3.12 and 3.13 on.
            terminated = not send_signal.called
        if not terminated:
            transport.terminate()
        while transport.get_returncode() is None:
            await asyncio.sleep(0.001)
        assert transport.get_returncode() == -15
        transport.close()

    each_loop.run_until_complete(asyncio.wait_for(main(), 10))


def test_handles_take_what_those_of_asyncio_take(each_loop: asyncio.AbstractEventLoop) -> None:
    for handle in (each_loop.call_soon(print), each_loop.call_later(1, print), each_loop.call_soon_threadsafe(print)):
        with pytest.raises(AttributeError):
            handle.anything = 1  # type: ignore[attr-defined]
        with pytest.raises(AttributeError):
            handle.cancel = print  # type: ignore[method-assign]
        handle.cancel()


def test_a_server_takes_attributes(each_loop: asyncio.AbstractEventLoop) -> None:
    server: Any = each_loop.run_until_complete(each_loop.create_server(Recorder, "127.0.0.1", 0))
    server.anything = 1
    with mock.patch.object(server, "close") as close:
        server.close()
        close.assert_called_once_with()
    assert server.is_serving()
    server.close()
    each_loop.run_until_complete(server.wait_closed())


def _events_of(loop: asyncio.AbstractEventLoop, called: list[str]) -> None:
    """Make, accept and end a connection; what `called` holds afterwards is what transports have scheduled."""

    async def main() -> None:
        server = await loop.create_server(Recorder, "127.0.0.1", 0)
        transport, protocol = await loop.create_connection(Recorder, *server.sockets[0].getsockname())
        transport.close()
        await protocol.until_lost()
        server.close()
        await asyncio.sleep(0.01)

    loop.run_until_complete(asyncio.wait_for(main(), 10))
    assert called.count("connection_made") == 2
    assert called.count("_call_connection_lost") == 2


def test_transports_schedule_by_the_method_that_the_loop_has(each_loop: asyncio.AbstractEventLoop) -> None:
    called: list[str] = []
    original: Callable[..., asyncio.Handle] = each_loop.call_soon

    def call_soon(callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
        called.append(getattr(callback, "__name__", ""))
        return original(callback, *args, context=context)

    with mock.patch.object(each_loop, "call_soon", call_soon):
        _events_of(each_loop, called)
    called.clear()
    each_loop.run_until_complete(asyncio.sleep(0))
    assert called == []


@pytest.mark.parametrize("loop_class", CLASSES.values(), ids=CLASSES)
def test_transports_schedule_by_the_method_of_the_loop_s_class(loop_class: Any) -> None:
    called: list[str] = []

    class Noting(loop_class):  # type: ignore[misc]
        def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
            called.append(getattr(callback, "__name__", ""))
            return super().call_soon(callback, *args, context=context)  # type: ignore[no-any-return]

    with fresh_loop(Noting) as loop:
        _events_of(loop, called)


def test_failures_are_reported_by_the_method_that_the_loop_has(each_loop: asyncio.AbstractEventLoop) -> None:
    with mock.patch.object(each_loop, "call_exception_handler") as report:
        each_loop.call_soon(mock.Mock(side_effect=ValueError("callback")))
        run_idle(each_loop, iterations=2)
        assert [str(call.args[0]["exception"]) for call in report.call_args_list] == ["callback"]
