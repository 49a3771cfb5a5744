"""Keywords of connections and servers that no other module shows; docs/compatibility.md says where each is tested."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from support.certificates import HOST, client_context, server_context
from support.protocols import Recorder
from support.servers import Service, connected
from support.streams import assert_same_course, closed, reports, run, socket_pair

_Address: TypeAlias = tuple[int, Any]

_NAME: Final = "several.addresses"
_IPV4: Final[list[_Address]] = [(socket.AF_INET, ("127.0.0.1", 1)), (socket.AF_INET, ("127.0.0.2", 1))]
_IPV6: Final[list[_Address]] = [(socket.AF_INET6, ("::1", 1, 0, 0)), (socket.AF_INET6, ("::1", 2, 0, 0))]
_SINCE_3_12: Final = pytest.mark.skipif(sys.version_info < (3, 12), reason="a keyword of Python 3.12")
_SINCE_3_13: Final = pytest.mark.skipif(sys.version_info < (3, 13), reason="a keyword or a method of Python 3.13")


async def _failure(awaitable: Awaitable[object]) -> BaseException:
    try:
        await awaitable
    except Exception as error:
        return error
    raise AssertionError("it has not failed")


def _resolve(loop: Any, addresses: list[_Address], asked: list[object] | None = None) -> None:
    """Have the loop find `addresses` for every name, noting in `asked` what it is asked for."""

    async def answer(host: object, port: object, **options: object) -> list[object]:
        if asked is not None:
            asked.append((host, port, sorted((name, int(str(value))) for name, value in options.items())))
        return [(family, socket.SOCK_STREAM, 0, "", address) for family, address in addresses]

    loop.getaddrinfo = answer


def _refuse(loop: Any) -> list[Any]:
    """Have every connection fail; return the list of the addresses that are tried from now on."""
    tried: list[Any] = []

    async def refuse(_sock: object, address: Any) -> None:
        tried.append(address)
        raise ConnectionRefusedError(111, f"refused by {address[0]} {address[1]}")

    loop.sock_connect = refuse
    return tried


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"interleave": 1},
        {"interleave": 2},
        {"happy_eyeballs_delay": 0},
        {"happy_eyeballs_delay": 0, "interleave": 0},
    ],
    ids=str,
)
def test_the_order_of_addresses(options: dict[str, Any]) -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        _resolve(loop, _IPV6 + _IPV4)
        tried = _refuse(loop)
        error = await _failure(loop.create_connection(Recorder, _NAME, 1, **options))
        return tried, type(error).__name__, str(error)

    assert_same_course(scenario)


def test_a_slow_address_is_overtaken(each_loop: asyncio.AbstractEventLoop) -> None:
    """After the delay the next address is tried beside the first, which is given up when the other is connected."""

    async def scenario() -> None:
        loop: Any = each_loop
        service = Service()
        server = await loop.create_server(service, "127.0.0.1", 0)
        _resolve(loop, [(socket.AF_INET, ("192.0.2.1", 1)), (socket.AF_INET, server.sockets[0].getsockname())])
        connect, ended = loop.sock_connect, []

        async def connect_unless_slow(sock: socket.socket, address: Any) -> None:
            if address[0] != "192.0.2.1":
                await connect(sock, address)
                return
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(sock.fileno() != -1)

        loop.sock_connect = connect_unless_slow
        transport, protocol = await loop.create_connection(Recorder, _NAME, 1, happy_eyeballs_delay=0.001)
        assert transport.get_extra_info("peername") == server.sockets[0].getsockname()
        assert ended == [True]
        transport.close()
        await protocol.until_lost()
        server.close()
        await service.until_made(1)
        await service.end()

    run(each_loop, scenario())


@_SINCE_3_12
@pytest.mark.parametrize("all_errors", [False, True])
def test_errors_of_all_addresses(all_errors: bool) -> None:
    async def scenario() -> object:
        loop: Any = asyncio.get_running_loop()
        _resolve(loop, _IPV4)
        _refuse(loop)
        error: Any = await _failure(loop.create_connection(Recorder, _NAME, 1, all_errors=all_errors))
        return type(error).__name__, str(error), [str(part) for part in getattr(error, "exceptions", ())]

    assert assert_same_course(scenario).startswith("('ExceptionGroup'" if all_errors else "('OSError'")


def test_what_a_connection_asks_for() -> None:
    """The resolver is asked for the family, the protocol and with the flags of the caller."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        asked: list[object] = []
        _resolve(loop, _IPV4, asked)
        _refuse(loop)
        await _failure(
            loop.create_connection(
                Recorder, _NAME, 1, family=socket.AF_INET, proto=socket.IPPROTO_TCP, flags=socket.AI_NUMERICSERV
            )
        )
        return asked

    assert str(int(socket.AI_NUMERICSERV)) in assert_same_course(scenario)


def test_a_local_address(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        service = Service()
        server = await each_loop.create_server(service, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        transport, protocol = await each_loop.create_connection(Recorder, *address, local_addr=("127.0.0.3", 0))
        assert transport.get_extra_info("sockname")[0] == "127.0.0.3"
        await service.until_made(1)
        assert service.protocols[0].transport.get_extra_info("peername")[0] == "127.0.0.3"
        transport.close()
        await protocol.until_lost()
        with pytest.raises(OSError, match="error while attempting to bind on address"):
            await each_loop.create_connection(Recorder, *address, local_addr=("192.0.2.1", 0))
        server.close()
        await service.end()

    run(each_loop, scenario())


def test_what_a_server_asks_for() -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        asked: list[object] = []
        _resolve(loop, [(socket.AF_INET, ("127.0.0.1", 0))], asked)
        server = await loop.create_server(Recorder, _NAME, 0, family=socket.AF_INET, flags=socket.AI_NUMERICSERV)
        families = [sock.family for sock in server.sockets]
        server.close()
        return asked, families

    assert str(int(socket.AI_NUMERICSERV)) in assert_same_course(scenario)


@_SINCE_3_13
@pytest.mark.parametrize("keep_alive", [None, False, True])
def test_keeping_connections_alive(keep_alive: bool | None) -> None:
    """An option of the listening socket, which those of its connections inherit."""

    async def scenario() -> object:
        loop: Any = asyncio.get_running_loop()
        service = Service()
        server = await loop.create_server(service, "127.0.0.1", 0, keep_alive=keep_alive)
        async with connected(server.sockets[0].getsockname()):
            await service.until_made(1)
            accepted = service.protocols[0].transport.get_extra_info("socket")
            seen = [
                bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)) for sock in (*server.sockets, accepted)
            ]
            await service.end()
        server.close()
        return seen

    assert assert_same_course(scenario) == repr([bool(keep_alive)] * 2)


@_SINCE_3_13
@pytest.mark.parametrize("options", [{}, {"cleanup_socket": True}, {"cleanup_socket": False}], ids=str)
@pytest.mark.parametrize("replaced", [False, True])
def test_the_socket_of_a_unix_server(tmp_path: Path, options: dict[str, Any], replaced: bool) -> None:
    """It goes with the server, unless somebody else's stands under its name by then."""

    async def scenario() -> object:
        loop: Any = asyncio.get_running_loop()
        path = tmp_path / "socket"
        server = await loop.create_unix_server(Recorder, path, **options)
        if replaced:
            path.unlink()
            path.touch()
        server.close()
        await server.wait_closed()
        remains = path.exists()
        path.unlink(missing_ok=True)
        return remains

    assert assert_same_course(scenario) == repr(replaced or not options.get("cleanup_socket", True))


@pytest.mark.parametrize("shutdown", [{}, {"ssl_shutdown_timeout": 30}], ids=str)
def test_tls_over_every_kind_of_connection(
    each_loop: asyncio.AbstractEventLoop, tmp_path: Path, shutdown: dict[str, Any]
) -> None:
    """Servers and connections of Unix, and accepted sockets, with all options of TLS."""
    client: dict[str, Any] = {"ssl": client_context(), "ssl_handshake_timeout": 30, **shutdown}
    accepting: dict[str, Any] = {"ssl": server_context(), "ssl_handshake_timeout": 30, **shutdown}

    async def converse(transport: asyncio.Transport, protocol: Recorder, service: Service) -> None:
        await service.until_made(1)
        transport.write(b"hello")
        await service.protocols[0].until_received(5)
        assert transport.get_extra_info("ssl_object") is not None
        transport.close()
        await protocol.until_lost()
        await service.protocols[0].until_lost()

    async def scenario() -> None:
        path, service = str(tmp_path / "socket"), Service()
        server = await each_loop.create_unix_server(service, path, backlog=5, **accepting)
        transport, protocol = await each_loop.create_unix_connection(Recorder, path, server_hostname=HOST, **client)
        await converse(transport, protocol, service)
        server.close()
        service = Service()
        ours, theirs = socket_pair()
        connecting = asyncio.ensure_future(
            each_loop.create_unix_connection(Recorder, sock=ours, server_hostname=HOST, **client)
        )
        await each_loop.connect_accepted_socket(service, theirs, **accepting)
        await converse(*await connecting, service)
        await closed(service.protocols[0].transport)

    run(each_loop, scenario())


def test_a_unix_server_that_is_to_serve_later(each_loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    async def scenario() -> None:
        path, service = str(tmp_path / "socket"), Service()
        server = await each_loop.create_unix_server(service, path, start_serving=False)
        with pytest.raises(ConnectionRefusedError):
            async with connected(path):
                pass
        await server.start_serving()
        async with connected(path):
            await service.until_made(1)
            await service.end()
        server.close()

    run(each_loop, scenario())


@pytest.mark.parametrize("upgraded", [False, True])
def test_a_timeout_for_the_end_of_tls_at_a_server(upgraded: bool) -> None:
    """Of a server, and of a connection that begins TLS later: a client that does not read is not waited for."""

    async def scenario() -> object:
        loop: Any = asyncio.get_running_loop()
        service, client = Service(), Recorder()
        timeout: dict[str, Any] = {"ssl_shutdown_timeout": 0.01}
        tls: dict[str, Any] = {} if upgraded else {"ssl": server_context(), **timeout}
        server = await loop.create_server(service, "127.0.0.1", 0, **tls)
        connecting = asyncio.ensure_future(
            loop.create_connection(
                lambda: client, *server.sockets[0].getsockname(), ssl=client_context(), server_hostname=HOST
            )
        )
        await service.until_made(1)
        (protocol,) = service.protocols
        transport: Any = protocol.transport
        if upgraded:
            transport = await loop.start_tls(transport, protocol, server_context(), server_side=True, **timeout)
        await connecting
        client.transport.pause_reading()
        with reports(loop) as reported:
            transport.close()
            await protocol.until_lost()
        client.transport.abort()
        await client.until_lost()
        await closed(client.transport)
        server.close()
        return [type(loss).__name__ for loss in protocol.losses], [report.message for report in reported]

    assert_same_course(scenario)


@_SINCE_3_13
@pytest.mark.parametrize("end", ["close_clients", "abort_clients"])
def test_a_server_ends_its_connections(end: str) -> None:
    """In order, or with what waits to be sent dropped."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        service = Service()
        server: Any = await loop.create_server(service, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        async with connected(address) as first, connected(address) as second:
            await service.until_made(2)
            for protocol in service.protocols:
                protocol.transport.write(bytes(20_000_000))
            server.close()
            getattr(server, end)()
            sizes = [0, 0]
            for number, client in enumerate((first, second)):
                with contextlib.suppress(ConnectionResetError):
                    while received := len(await loop.sock_recv(client, 1 << 20)):
                        sizes[number] += received
            await asyncio.gather(*(protocol.until_lost() for protocol in service.protocols))
            await server.wait_closed()
        return [size == 20_000_000 for size in sizes], [protocol.losses for protocol in service.protocols]

    assert assert_same_course(scenario).startswith(f"([{end == 'close_clients'}, ")
