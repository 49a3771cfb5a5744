"""How servers accept connections, and what becomes of those that they cannot accept or make a protocol for."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
import sys
from typing import Any

import pytest

import pyloop
from support.descriptors import exhausted_descriptors
from support.loops import run_idle
from support.protocols import AnyRecorder, Recorder
from support.servers import Service, assert_echoes, connected, echo
from support.streams import (
    Report,
    assert_same_course,
    closed,
    receive,
    receive_all,
    reports,
    reset_on_close,
    run,
    settle,
    skip_fault,
    socket_pair,
)


@pytest.mark.parametrize("backlog", [1, 3, 100])
def test_many_clients_at_once(each_loop: asyncio.AbstractEventLoop, backlog: int) -> None:
    async def scenario() -> None:
        service = Service(data_received=echo)
        server = await each_loop.create_server(service, "127.0.0.1", 0, backlog=backlog)
        address = server.sockets[0].getsockname()

        async def ask(number: int) -> None:
            async with connected(address) as client:
                text = b"client %d" % number
                await each_loop.sock_sendall(client, text)
                assert await receive(client, len(text)) == text

        # More than a backlog of them would wait for the kernel to try again, which takes a second.
        for start in range(0, 100, backlog):
            await asyncio.gather(*(ask(number) for number in range(start, start + backlog)))
        server.close()
        await service.end()

    run(each_loop, scenario())


def test_more_clients_than_are_accepted_in_an_iteration(each_loop: asyncio.AbstractEventLoop) -> None:
    """Asyncio accepts as many as the backlog says and goes on in the next iteration."""

    async def scenario() -> None:
        service = Service()
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        server = await each_loop.create_server(service, sock=listener, backlog=2)
        # The kernel's own queue is another one.
        listener.listen(100)
        clients = [socket.create_connection(listener.getsockname()) for _ in range(20)]
        await service.until_made(20)
        server.close()
        for client in clients:
            client.close()
        await service.end()
        assert len(service.protocols) == 20

    run(each_loop, scenario())


def test_a_backlog_of_none(each_loop: asyncio.AbstractEventLoop) -> None:
    """The kernel lets one connection wait all the same, and it is accepted."""
    if sys.version_info < (3, 14):
        skip_fault(each_loop, "they accept as many as the backlog says, and spin")

    async def scenario() -> None:
        service = Service()
        server = await each_loop.create_server(service, "127.0.0.1", 0, backlog=0)
        for number in range(3):
            async with connected(server.sockets[0].getsockname()):
                await service.until_made(number + 1)
        server.close()
        await service.end()

    run(each_loop, scenario())


@pytest.mark.parametrize("count", [1, 5])
def test_clients_that_reset_before_they_are_accepted(each_loop: asyncio.AbstractEventLoop, count: int) -> None:
    """They are as good as not there, or a connection that is lost at once; those after them are served."""

    async def scenario() -> None:
        service = Service(data_received=echo)
        server = await each_loop.create_server(service, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        for number in range(count):
            with socket.create_connection(address) as client:
                if number % 2:
                    client.send(b"data")
                reset_on_close(client)
        await settle()
        await assert_echoes(address)
        for protocol in service.protocols:
            await protocol.until_lost()
            assert not [loss for loss in protocol.losses if not isinstance(loss, OSError | None)]
        server.close()
        await service.end()

    run(each_loop, scenario())


class _FactoryError(Exception):
    """What the factory raises."""


async def _end_after_collection(client: socket.socket) -> bytes:
    """What `client` receives up to the end. asyncio leaves closing to the collector if there is no protocol."""
    await settle()
    gc.collect()
    return await receive_all(client)


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.parametrize("debug", [False, True], ids=["", "debug mode"])
@pytest.mark.parametrize("family", ["tcp", "unix"])
def test_a_factory_that_fails(family: str, debug: bool) -> None:
    """The connection is closed, the server goes on; debug mode reports it."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        loop.set_debug(debug)
        loop.slow_callback_duration = 60
        failing = iter([True, False, True])
        service = Service(data_received=echo)

        def make() -> Recorder:
            if next(failing):
                raise _FactoryError("expected")
            return service()

        if family == "tcp":
            server = await loop.create_server(make, "127.0.0.1", 0)
        else:
            server = await loop.create_unix_server(make, f"\0pyloop-factory-{id(loop)}")
        address = server.sockets[0].getsockname()
        with reports(loop) as reported:
            async with connected(address) as client:
                first = await _end_after_collection(client)
            await assert_echoes(address)
            async with connected(address) as client:
                last = await _end_after_collection(client)
        server.close()
        await service.end()
        return first, last, reported

    text = assert_same_course(scenario)
    assert text.count("Error on transport creation for incoming connection") == 2 * debug


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_a_factory_that_interrupts(each_loop: asyncio.AbstractEventLoop, interrupt: type[BaseException]) -> None:
    calls: list[bool] = []

    def make() -> Recorder:
        calls.append(True)
        raise interrupt

    server = each_loop.run_until_complete(each_loop.create_server(make, "127.0.0.1", 0))
    # The exception is the task's as well, which reports that nobody has asked for it.
    with socket.create_connection(server.sockets[0].getsockname()) as client, reports(each_loop):
        with pytest.raises(interrupt):
            each_loop.run_forever()
        server.close()
        each_loop.run_until_complete(settle())
        gc.collect()
        assert client.recv(10) == b""
    assert calls == [True]


def test_a_factory_that_returns_nothing_useful() -> None:
    async def scenario() -> object:
        loop: Any = asyncio.get_running_loop()
        loop.set_debug(True)
        loop.slow_callback_duration = 60
        server = await loop.create_server(Connectionless, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        with reports(loop) as reported:
            async with connected(address) as client:
                await settle()
                await loop.sock_sendall(client, b"data")
                await settle()
                ended = await receive_all(client) if reported else b"open"
        await settle()
        server.close()
        await settle()
        return bool(reported), ended

    class Connectionless(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            raise ValueError(data)

    assert_same_course(scenario)


def test_the_listening_socket_is_not_reported_ready_for_others(each_loop: asyncio.AbstractEventLoop) -> None:
    """A connection that somebody else has accepted meanwhile does no harm."""

    async def scenario() -> None:
        service = Service(data_received=echo)
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        server = await each_loop.create_server(service, sock=listener)
        thief = listener.dup()
        with thief, socket.create_connection(listener.getsockname()):
            stolen, _ = thief.accept()
            stolen.close()
            await settle()
            assert service.protocols == []
        await assert_echoes(listener.getsockname())
        server.close()
        await service.end()

    run(each_loop, scenario())


def test_descriptors_run_out_while_accepting(
    each_loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is reported, the loop does not spin over it, and accepting resumes when there are descriptors again."""
    # A second otherwise. The name is asyncio's own, and not every loop has to go by it.
    delay = 0.05
    monkeypatch.setattr("asyncio.constants.ACCEPT_RETRY_DELAY", delay)

    async def scenario() -> list[Report]:
        service = Service(data_received=echo)
        server = await each_loop.create_server(service, "127.0.0.1", 0, backlog=3)
        address = server.sockets[0].getsockname()
        with reports(each_loop) as reported, socket.socket() as client:
            client.connect(address)
            client.setblocking(False)
            with exhausted_descriptors():
                while not reported:
                    await asyncio.sleep(0)
                seen, now = len(reported), each_loop.time()
                for _ in range(20):
                    await asyncio.sleep(0)
                # On a machine that is slow enough the time has come to try again.
                assert len(reported) == seen or each_loop.time() - now >= delay, "it is tried again and again"
            await each_loop.sock_sendall(client, b"hello")
            assert await receive(client, 5) == b"hello"
        server.close()
        await service.end()
        # Not to be resumed once the server is closed: that would have been an error.
        await asyncio.sleep(0.1)
        return reported

    reported = run(each_loop, scenario())
    assert {report.message for report in reported} == {"socket.accept() out of system resource"}
    assert {report.keys for report in reported} == {("exception", "message", "socket")}
    assert all("Too many open files" in str(report.exception) for report in reported)


def test_a_server_closed_while_descriptors_are_exhausted(
    each_loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the time has come to go on accepting, there is nothing left to do; asyncio reports that it has tried."""
    monkeypatch.setattr("asyncio.constants.ACCEPT_RETRY_DELAY", 0.02)

    async def scenario() -> None:
        service = Service()
        server = await each_loop.create_server(service, "127.0.0.1", 0, backlog=1)
        number = server.sockets[0].fileno()
        with reports(each_loop) as reported, socket.socket() as client:
            client.connect(server.sockets[0].getsockname())
            with exhausted_descriptors():
                while not reported:
                    await asyncio.sleep(0)
            server.close()
            # The number of the listening socket is another's now, which must not be taken for it.
            ours, theirs = socket_pair()
            with ours, theirs:
                assert ours.fileno() == number
                theirs.send(b"not a connection")
                await asyncio.sleep(0.1)
                assert service.protocols == []
                assert ours.recv(100) == b"not a connection"

    run(each_loop, scenario())


def test_an_accepted_socket_of_another_server(each_loop: asyncio.AbstractEventLoop) -> None:
    """A program may accept by itself and have the loop do the rest."""

    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.setblocking(False)
            async with connected(listener.getsockname()) as client:
                accepted, _ = await each_loop.sock_accept(listener)
                made = Recorder(data_received=echo)
                transport, protocol = await each_loop.connect_accepted_socket(lambda: made, accepted)
                assert protocol is made
                assert transport.get_extra_info("peername") == client.getsockname()
                await each_loop.sock_sendall(client, b"hello")
                assert await receive(client, 5) == b"hello"
                transport.close()
                await closed(transport)

    run(each_loop, scenario())


def test_a_connection_is_made_before_anything_is_received(each_loop: asyncio.AbstractEventLoop) -> None:
    """However early the client sends, and however much else there is to do."""

    async def scenario() -> None:
        service = Service(data_received=echo)
        server = await each_loop.create_server(service, "127.0.0.1", 0)
        clients = [socket.create_connection(server.sockets[0].getsockname()) for _ in range(10)]
        for client in clients:
            client.send(b"early")
            client.setblocking(False)
        busy = asyncio.create_task(_keep_busy())
        for client in clients:
            assert await receive(client, 5) == b"early"
            client.close()
        busy.cancel()
        for protocol in service.protocols:
            await protocol.until_lost()
            assert protocol.events[:2] == ["connection_made", "data_received"]
        server.close()
        await service.end()

    run(each_loop, scenario())


async def _keep_busy() -> None:
    while True:
        await asyncio.sleep(0)


def test_debug_mode_logs_connections(each_loop: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        each_loop.set_debug(True)
        each_loop.slow_callback_duration = 60
        service = Service(data_received=echo)
        server = await each_loop.create_server(service, "127.0.0.1", 0)
        await assert_echoes(server.sockets[0].getsockname())
        server.close()
        await service.end()

    with caplog.at_level(logging.DEBUG, logger="asyncio"):
        run(each_loop, scenario())
    messages = [record.getMessage() for record in caplog.records]
    assert any("got a new connection from" in message for message in messages)
    assert any("is serving" in message for message in messages)


def test_a_server_closed_by_its_connection(each_loop: asyncio.AbstractEventLoop) -> None:
    """While others wait to be accepted in the same iteration."""

    async def scenario() -> None:
        def close_server(_recorder: AnyRecorder, _transport: object) -> None:
            server.close()

        service = Service(connection_made=close_server)
        server = await each_loop.create_server(service, "127.0.0.1", 0)
        clients = [socket.create_connection(server.sockets[0].getsockname()) for _ in range(5)]
        await service.until_made(1)
        await settle()
        for client in clients:
            client.close()
        for protocol in service.protocols:
            await protocol.until_lost()
        await server.wait_closed()
        await service.end()

    run(each_loop, scenario())


class _NoRoomError(Exception):
    """What ``call_soon`` raises."""


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.parametrize("kind", [asyncio.SelectorEventLoop, pyloop.EventLoop])
@pytest.mark.parametrize("queues", [False, True], ids=["", "queued"])
def test_a_loop_that_does_not_take_a_connection(kind: Any, queues: bool) -> None:
    """One that the loop's own ``call_soon`` fails for is closed, if it is not queued yet; the others are served."""

    class Loop(kind):  # type: ignore[misc]
        failures = 0

        def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
            if self.failures and not queues:
                self.failures -= 1
                raise _NoRoomError
            handle: asyncio.Handle = super().call_soon(callback, *args, context=context)
            if self.failures:
                self.failures -= 1
                raise _NoRoomError
            return handle

    loop = Loop()
    with contextlib.closing(loop), reports(loop) as reported:
        service = Service()
        server = loop.run_until_complete(loop.create_server(service, "127.0.0.1", 0))
        clients = [socket.create_connection(server.sockets[0].getsockname()) for _ in range(4)]
        loop.failures = 1
        run_idle(loop)
        gc.collect()
        assert "_NoRoomError" in str(reported[0].exception)
        served = {protocol.transport.get_extra_info("peername") for protocol in service.protocols}
        for client in clients:
            client.setblocking(False)
            if client.getsockname() not in served:
                assert client.recv(10) == b""
            client.close()
        assert len(served) >= 3
        run_idle(loop)
        server.close()
        loop.run_until_complete(service.end())
