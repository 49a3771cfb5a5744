"""Servers: where they listen, when they serve, and how they end."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from support.outcomes import outcome_of
from support.protocols import Recorder
from support.servers import Service, assert_echoes, connected, echo
from support.streams import LARGE, assert_same_course, receive, receive_all, run, settle

_WAITS_FOR_CONNECTIONS = sys.version_info >= (3, 12, 1)
_HAS_IPV6 = socket.has_ipv6 and Path("/proc/net/if_inet6").exists() and "lo" in Path("/proc/net/if_inet6").read_text()


def test_several_addresses(each_loop: asyncio.AbstractEventLoop) -> None:
    """One server serves them all, on sockets of their own."""

    async def scenario() -> None:
        service = Service(data_received=echo)
        hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.1", *(["::1"] if _HAS_IPV6 else [])]
        server = await each_loop.create_server(service, hosts, 0)
        addresses = [end.getsockname() for end in server.sockets]
        assert {address[0] for address in addresses} == set(hosts)
        assert len(addresses) == len(set(hosts))
        for address in addresses:
            await assert_echoes(address)
        assert len(service.protocols) == len(addresses)
        await service.end()
        server.close()
        await server.wait_closed()

    run(each_loop, scenario())


def test_every_address_of_the_machine(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        service = Service(data_received=echo)
        for host in (None, "", "0.0.0.0"):
            server = await each_loop.create_server(service, host, 0, family=socket.AF_INET)
            assert [end.getsockname()[0] for end in server.sockets] == ["0.0.0.0"]
            await assert_echoes(("127.0.0.1", server.sockets[0].getsockname()[1]))
            server.close()
            await service.end()

    run(each_loop, scenario())


def test_unix_servers(each_loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    async def scenario() -> None:
        service = Service(data_received=echo)
        for address in (str(tmp_path / "one"), tmp_path / "two", "\0pyloop-server"):
            server = await each_loop.create_unix_server(service, address)
            name = server.sockets[0].getsockname()
            assert name in {str(address), b"\0pyloop-server"}
            await assert_echoes(name)
            await service.end()
            server.close()
            await server.wait_closed()
            # A socket file that is left over is replaced.
            if not str(address).startswith("\0"):
                Path(address).unlink(missing_ok=True)
                with socket.socket(socket.AF_UNIX) as stale:
                    stale.bind(str(address))
                again = await each_loop.create_unix_server(service, address)
                await assert_echoes(str(address))
                await service.end()
                again.close()

    run(each_loop, scenario())


def test_a_socket_of_the_caller(each_loop: asyncio.AbstractEventLoop) -> None:
    """Bound, not yet listening, and blocking as it may be."""

    async def scenario() -> None:
        service = Service(data_received=echo)
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        server = await each_loop.create_server(service, sock=listener)
        assert server.sockets[0].fileno() == listener.fileno()
        assert listener.gettimeout() == 0
        await assert_echoes(listener.getsockname())
        await service.end()
        server.close()
        assert listener.fileno() == -1

    run(each_loop, scenario())


def test_arguments_that_do_not_fit() -> None:
    async def scenario() -> object:
        loop: Any = asyncio.get_running_loop()
        with (
            socket.socket() as stream,
            socket.socket(type=socket.SOCK_DGRAM) as datagram,
            socket.socket(socket.AF_UNIX) as unix,
        ):
            attempts: list[Callable[[], Any]] = [
                lambda: loop.create_server(Recorder),
                lambda: loop.create_server(Recorder, "127.0.0.1", 0, sock=stream),
                lambda: loop.create_server(Recorder, sock=datagram),
                lambda: loop.create_server(Recorder, "127.0.0.1", 0, ssl=True),
                lambda: loop.create_server(Recorder, "127.0.0.1", 0, ssl_handshake_timeout=1),
                lambda: loop.create_server(Recorder, "127.0.0.1", 0, ssl_shutdown_timeout=1),
                lambda: loop.create_unix_server(Recorder),
                lambda: loop.create_unix_server(Recorder, "path", sock=unix),
                lambda: loop.create_unix_server(Recorder, sock=stream),
                lambda: loop.create_unix_server(Recorder, "/nowhere/at/all"),
                lambda: loop.connect_accepted_socket(Recorder, datagram),
                lambda: loop.connect_accepted_socket(Recorder, stream, ssl_handshake_timeout=1),
                lambda: loop.create_connection(Recorder),
                lambda: loop.create_connection(Recorder, "127.0.0.1", 1, sock=stream),
                lambda: loop.create_connection(Recorder, sock=datagram),
                lambda: loop.create_connection(Recorder, "127.0.0.1", 1, server_hostname="name"),
                lambda: loop.create_unix_connection(Recorder),
                lambda: loop.create_unix_connection(Recorder, "path", sock=unix),
                lambda: loop.create_unix_connection(Recorder, "/nowhere/at/all"),
            ]
            errors = []
            for attempt in attempts:
                try:
                    await attempt()
                except (ValueError, TypeError, OSError) as error:
                    # Sockets are shown with their numbers.
                    errors.append((type(error).__name__, re.sub(r"<socket.*", "", str(error))))
            return errors

    text = assert_same_course(scenario)
    assert text.count("Error'") == 19


def test_an_address_in_use(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        server = await each_loop.create_server(Recorder, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(OSError, match="address already in use") as raised:
            await each_loop.create_server(Recorder, "127.0.0.1", port)
        assert raised.value.errno == errno.EADDRINUSE
        server.close()
        again = await each_loop.create_server(Recorder, "127.0.0.1", port)
        again.close()

    run(each_loop, scenario())


def test_an_address_used_a_moment_ago(each_loop: asyncio.AbstractEventLoop) -> None:
    """Connections that linger do not hold it, unless the caller wants that."""

    async def scenario() -> None:
        service = Service()
        server = await each_loop.create_server(service, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        async with connected(address):
            await service.until_made(1)
            server.close()
            # The server's end closes first, so it is the one that lingers.
            service.protocols[0].transport.close()
            await service.protocols[0].until_lost()
        with pytest.raises(OSError, match="address already in use"):
            await each_loop.create_server(service, *address, reuse_address=False)
        again = await each_loop.create_server(service, *address)
        again.close()

    run(each_loop, scenario())


def test_a_port_shared_by_servers(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        service = Service(data_received=echo)
        first = await each_loop.create_server(service, "127.0.0.1", 0, reuse_port=True)
        address = first.sockets[0].getsockname()
        second = await each_loop.create_server(service, *address, reuse_port=True)
        for _ in range(8):
            await assert_echoes(address)
        await service.end()
        first.close()
        second.close()

    run(each_loop, scenario())


def test_a_server_that_is_to_serve_later(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        service = Service(data_received=echo)
        server = await each_loop.create_server(service, "127.0.0.1", 0, start_serving=False)
        address = server.sockets[0].getsockname()
        assert not server.is_serving()
        with pytest.raises(ConnectionRefusedError):
            async with connected(address):
                pass
        await server.start_serving()
        await server.start_serving()
        assert server.is_serving()
        assert server.get_loop() is each_loop
        await assert_echoes(address)
        await service.end()
        server.close()
        assert not server.is_serving()

    run(each_loop, scenario())


@pytest.mark.parametrize("already_serving", [True, False])
def test_serving_for_ever(each_loop: asyncio.AbstractEventLoop, already_serving: bool) -> None:
    """Until it is cancelled: then the server is closed."""

    async def scenario() -> None:
        service = Service(data_received=echo)
        server = await each_loop.create_server(service, "127.0.0.1", 0, start_serving=already_serving)
        address = server.sockets[0].getsockname()
        serving = asyncio.create_task(server.serve_forever())
        await settle()
        with pytest.raises(RuntimeError, match="already being awaited"):
            await server.serve_forever()
        await assert_echoes(address)
        await service.end()
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert server.sockets == ()
        with pytest.raises(RuntimeError, match="is closed"):
            await server.serve_forever()

    run(each_loop, scenario())


def test_close_while_serving_for_ever(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        server = await each_loop.create_server(Service(), "127.0.0.1", 0)
        serving = asyncio.create_task(server.serve_forever())
        await settle()
        server.close()
        with pytest.raises(asyncio.CancelledError):
            await serving

    run(each_loop, scenario())


def test_a_server_as_a_context(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        async with await each_loop.create_server(Service(), "127.0.0.1", 0) as server:
            address = server.sockets[0].getsockname()
            assert server.is_serving()
        assert not server.is_serving()
        with pytest.raises(ConnectionRefusedError):
            async with connected(address):
                pass

    run(each_loop, scenario())


def test_connections_outlive_their_server(each_loop: asyncio.AbstractEventLoop) -> None:
    """Closing it ends only the listening; from 3.12.1 on wait_closed waits for the connections."""

    async def scenario() -> None:
        service = Service(data_received=echo)
        server = await each_loop.create_server(service, "127.0.0.1", 0)
        async with connected(server.sockets[0].getsockname()) as client:
            await service.until_made(1)
            waiting = [asyncio.create_task(server.wait_closed()) for _ in range(2)]
            server.close()
            server.close()
            await settle()
            if _WAITS_FOR_CONNECTIONS:
                assert not any(task.done() for task in waiting)
            client.send(b"hello")
            assert await receive(client, 5) == b"hello"
        await service.protocols[0].until_lost()
        await asyncio.gather(*waiting)
        await server.wait_closed()

    run(each_loop, scenario())


@pytest.mark.skipif(sys.version_info < (3, 13), reason="new in 3.13")
@pytest.mark.parametrize("method", ["close_clients", "abort_clients"])
def test_all_connections_can_be_ended(each_loop: asyncio.AbstractEventLoop, method: str) -> None:
    async def scenario() -> None:
        service = Service(connection_made=lambda _recorder, transport: transport.write(bytes(LARGE)))
        server: Any = await each_loop.create_server(service, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        async with connected(address) as first, connected(address) as second:
            for client in (first, second):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000)
            await service.until_made(2)
            service.protocols[1].transport.close()
            getattr(server, method)()
            server.close()
            received = [len(await receive_all(client)) for client in (first, second)]
            await server.wait_closed()
            assert all(protocol.losses == [None] for protocol in service.protocols)
            if method == "close_clients":
                assert received == [LARGE] * 2

    run(each_loop, scenario())


def test_a_connection_that_waits_to_be_accepted_when_the_server_closes(each_loop: asyncio.AbstractEventLoop) -> None:
    """Nobody is left to accept it, so it is reset or ended."""

    async def scenario() -> None:
        service = Service()
        server = await each_loop.create_server(service, "127.0.0.1", 0)
        with socket.socket() as client:
            client.connect(server.sockets[0].getsockname())
            server.close()
            client.setblocking(False)
            with suppress(ConnectionResetError):
                assert await each_loop.sock_recv(client, 10) == b""
            await settle()
            assert service.protocols == []

    run(each_loop, scenario())


def test_what_servers_show() -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        server = await loop.create_unix_server(Recorder, f"\0pyloop-show-{id(loop)}")
        shown = [len(server.sockets), type(server.sockets[0]).__name__, server.is_serving(), type(server).__name__]
        shown.append(outcome_of(lambda: server.sockets[0].fileno() > 0))
        server.close()
        return shown, server.sockets, server.is_serving(), repr(server)

    assert_same_course(scenario)
