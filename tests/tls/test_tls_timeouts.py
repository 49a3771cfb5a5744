"""How long TLS waits: for handshakes, for the end of a connection, and when it is cancelled."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from support.certificates import HOST, client_context, server_context
from support.protocols import Recorder
from support.servers import Service, assert_echoes, connected, echo
from support.streams import Pair, assert_same_course, closed, receive_all, reports, run, settle, socket_pair

_SHORT_SECONDS = 0.4
"""Long enough for a handshake that is not kept waiting, on a machine that does other things too."""


def _connecting(pair: Pair, **options: Any) -> asyncio.Future[Any]:
    loop = asyncio.get_running_loop()
    return asyncio.ensure_future(
        loop.create_connection(Recorder, sock=pair[0], ssl=client_context(), server_hostname=HOST, **options)
    )


def test_a_handshake_that_takes_too_long_for_the_client() -> None:
    async def scenario() -> object:
        ours, peer = socket_pair()
        with peer:
            with pytest.raises(ConnectionAbortedError, match="SSL handshake is taking longer than"):
                await _connecting((ours, peer), ssl_handshake_timeout=_SHORT_SECONDS)
            hello = await receive_all(peer)
            await settle()
            return len(hello) > 100, ours.fileno()

    assert_same_course(scenario)


def test_a_handshake_that_takes_too_long_for_the_server() -> None:
    """The silent client is sent away; the server goes on."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        service = Service()
        server = await loop.create_server(
            service, "127.0.0.1", 0, ssl=server_context(), ssl_handshake_timeout=_SHORT_SECONDS
        )
        address = server.sockets[0].getsockname()
        with reports(loop) as reported:
            async with connected(address) as silent:
                received = await receive_all(silent)
            await settle()
        protocol = Recorder()
        transport, _ = await loop.create_connection(
            lambda: protocol, *address, ssl=client_context(), server_hostname=HOST
        )
        transport.close()
        await protocol.until_lost()
        server.close()
        await closed(transport)
        await service.protocols[-1].until_lost()
        return received, [report.message for report in reported], [made.events for made in service.protocols]

    assert_same_course(scenario)


def test_wrong_timeouts() -> None:
    async def scenario() -> object:
        raised = []
        for options in ({"ssl_handshake_timeout": 0}, {"ssl_handshake_timeout": -1}, {"ssl_shutdown_timeout": 0}):
            ours, peer = socket_pair()
            with ours, peer:
                try:
                    await _connecting((ours, peer), **options)
                except ValueError as error:
                    raised.append(str(error))
        return raised

    assert assert_same_course(scenario).count("should be a positive number") == 3


def test_a_peer_that_does_not_answer_the_end() -> None:
    """The shutdown times out, and the connection is aborted."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        service = Service()
        server = await loop.create_server(service, "127.0.0.1", 0, ssl=server_context())
        protocol = Recorder()
        transport, _ = await loop.create_connection(
            lambda: protocol,
            *server.sockets[0].getsockname(),
            ssl=client_context(),
            server_hostname=HOST,
            ssl_shutdown_timeout=_SHORT_SECONDS,
        )
        await service.until_made(1)
        # A peer that does not read does not see the end.
        service.protocols[0].transport.pause_reading()
        with reports(loop) as reported:
            transport.close()
            await protocol.until_lost()
        await closed(transport)
        server.close()
        await service.end()
        return [type(loss).__name__ for loss in protocol.losses], [report.message for report in reported]

    assert_same_course(scenario)


def test_an_abort_while_it_waits(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        service = Service()
        server = await each_loop.create_server(service, "127.0.0.1", 0, ssl=server_context())
        protocol = Recorder()
        transport, _ = await each_loop.create_connection(
            lambda: protocol, *server.sockets[0].getsockname(), ssl=client_context(), server_hostname=HOST
        )
        await service.until_made(1)
        service.protocols[0].transport.pause_reading()
        transport.close()
        await settle()
        assert not protocol.losses
        transport.abort()
        await protocol.until_lost()
        await closed(transport)
        assert len(protocol.losses) == 1
        server.close()
        await service.end()

    run(each_loop, scenario())


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5, 8])
def test_a_cancelled_handshake(steps: int) -> None:
    async def scenario() -> object:
        ours, peer = socket_pair()
        with peer:
            connecting = _connecting((ours, peer))
            for _ in range(steps):
                await asyncio.sleep(0)
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting
            await settle()
            was_closed = ours.fileno() == -1
            ours.close()
            return was_closed, len(await receive_all(peer)) > 0

    assert_same_course(scenario)


def test_a_timeout_around_a_handshake(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        ours, peer = socket_pair()
        with peer:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(_connecting((ours, peer)), _SHORT_SECONDS)
            await settle()
            assert ours.fileno() == -1

    run(each_loop, scenario())


def test_a_server_closed_while_handshakes_go_on(each_loop: asyncio.AbstractEventLoop) -> None:
    """Those that have begun may end as they like; nobody else is disturbed."""

    async def scenario() -> None:
        service = Service(data_received=echo)
        secure = await each_loop.create_server(service, "127.0.0.1", 0, ssl=server_context())
        plain = await each_loop.create_server(service, "127.0.0.1", 0)
        address = secure.sockets[0].getsockname()
        with reports(each_loop), socket.create_connection(address) as silent:
            await settle()
            secure.close()
            await assert_echoes(plain.sockets[0].getsockname())
            silent.setblocking(False)
            silent.close()
            await settle()
        plain.close()
        for protocol in service.protocols:
            if "connection_made" in protocol.events:
                await protocol.until_lost()
                await closed(protocol.transport)

    run(each_loop, scenario())
