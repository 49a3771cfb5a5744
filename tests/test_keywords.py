"""Keywords of the loop's methods that no other module shows; docs/compatibility.md says where each is tested."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from support.certificates import HOST, client_context, server_context
from support.outcomes import assert_same_outcome
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


@pytest.mark.parametrize(
    "options",
    [
        {"local_addr": ("127.0.0.1", 0)},
        {"local_addr": ("127.0.0.1", 0), "remote_addr": ("127.0.0.1", 9)},
        {"local_addr": ("127.0.0.1", 0), "allow_broadcast": True, "reuse_port": True},
        {"family": socket.AF_INET, "proto": socket.IPPROTO_UDP},
        {"local_addr": ("127.0.0.1", 0), "flags": socket.AI_PASSIVE | socket.AI_NUMERICHOST},
        {"local_addr": ("localhost", 0), "flags": socket.AI_NUMERICHOST},
        {"local_addr": ("127.0.0.1", 0), "family": socket.AF_INET6},
        {"local_addr": ("127.0.0.1", 0), "proto": socket.IPPROTO_TCP},
        {"local_addr": ("127.0.0.1", 0), "reuse_address": True},
        {"local_addr": ("127.0.0.1", 0), "reuse_address": False},
        {"allow_broadcast": True},
        {"local_addr": "nothing", "family": socket.AF_INET},
    ],
    ids=str,
)
def test_datagram_endpoints(options: dict[str, Any]) -> None:
    """What each is bound and connected to, and the options of its socket; or how it is refused."""

    async def scenario() -> object:
        loop: Any = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, **options)
        except Exception as error:
            return type(error).__name__, str(error)
        sock = transport.get_extra_info("socket")
        flags = [
            bool(sock.getsockopt(socket.SOL_SOCKET, name))
            for name in (socket.SO_BROADCAST, socket.SO_REUSEADDR, socket.SO_REUSEPORT)
        ]
        names = sock.family, sock.proto, sock.getsockname()[0], transport.get_extra_info("peername")
        transport.close()
        await closed(transport)
        return names, flags

    assert_same_course(scenario)


@pytest.mark.parametrize("option", [None, "local_addr", "remote_addr", "family", "proto", "flags", "reuse_port"])
def test_a_datagram_socket_of_the_caller(option: str | None) -> None:
    """It comes with its options: none may be given besides."""

    async def scenario() -> object:
        loop: Any = asyncio.get_running_loop()
        with socket.socket(type=socket.SOCK_DGRAM) as own:
            own.bind(("127.0.0.1", 0))
            options = {} if option is None else {option: ("127.0.0.1", 1) if option.endswith("addr") else 1}
            try:
                transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, sock=own, **options)
            except ValueError as error:
                return str(error)
            same = transport.get_extra_info("sockname") == own.getsockname(), own.getblocking()
            transport.close()
            await closed(transport)
            return same

    assert_same_course(scenario)


_REFUSED: Final[list[dict[str, Any]]] = [
    {"universal_newlines": True},
    {"bufsize": 1},
    {"text": True},
    {"encoding": "utf-8"},
    {"errors": "strict"},
]


@pytest.mark.parametrize("options", [*_REFUSED, {"shell": "the other"}, {"unknown": 1}], ids=str)
@pytest.mark.parametrize("method", ["subprocess_exec", "subprocess_shell"])
def test_options_that_children_cannot_have(method: str, options: dict[str, Any]) -> None:
    def scenario(loop: Any) -> object:
        given = {"shell": method == "subprocess_exec"} if "shell" in options else options
        return loop.run_until_complete(getattr(loop, method)(asyncio.SubprocessProtocol, "true", **given))

    assert assert_same_outcome(scenario).raised is not None


class _Child(asyncio.SubprocessProtocol):
    """Keeps what a child writes."""

    def __init__(self) -> None:
        self.data: dict[int, bytes] = {}
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.data[fd] = self.data.get(fd, b"") + data

    def connection_lost(self, _exc: BaseException | None) -> None:
        self.ended.set_result(None)


@pytest.mark.parametrize("method", ["subprocess_exec", "subprocess_shell"])
def test_what_children_are_given(method: str, tmp_path: Path) -> None:
    """Streams of all kinds, and whatever else Popen takes."""
    program = "cat; echo $VARIABLE; pwd >&2"
    command = (program,) if method == "subprocess_shell" else ("sh", "-c", program)

    async def scenario() -> object:
        loop: Any = asyncio.get_running_loop()
        seen: list[object] = []
        for stderr in (asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT, asyncio.subprocess.DEVNULL):
            transport, child = await getattr(loop, method)(
                _Child,
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
                cwd=tmp_path,
                env={"VARIABLE": "value"},
            )
            writer = transport.get_pipe_transport(0)
            writer.write(b"input ")
            writer.write_eof()
            await child.ended
            transport.close()
            seen += [child.data, transport.get_returncode(), transport.get_pipe_transport(2) is None]
        return seen

    assert_same_course(scenario)


def test_a_child_by_its_transport() -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        seen: list[object] = []
        for end in ("terminate", "kill", "send_signal", "close"):
            transport, child = await loop.subprocess_exec(_Child, "sleep", "60", stdin=None, stdout=None, stderr=None)
            seen += [transport.get_pid() > 0, transport.get_returncode(), transport.is_closing()]
            transport.set_protocol(child)
            seen.append(transport.get_protocol() is child)
            getattr(transport, end)(*([signal.SIGINT] if end == "send_signal" else []))
            await child.ended
            transport.close()
            seen += [transport.get_returncode(), transport.is_closing()]
        return seen

    assert_same_course(scenario)


@_SINCE_3_12
def test_a_thread_that_ends_in_time(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        loop: Any = each_loop
        assert await loop.run_in_executor(None, str, 5) == "5"
        await loop.shutdown_default_executor(timeout=30)

    run(each_loop, scenario())


@pytest.mark.skipif(sys.version_info < (3, 13), reason="asyncio's timeout has no effect in Python 3.12.1")
def test_a_thread_that_does_not_end_in_time(each_loop: asyncio.AbstractEventLoop) -> None:
    """The loop warns and goes on without it."""
    release = threading.Event()

    async def scenario() -> None:
        loop: Any = each_loop
        working = loop.run_in_executor(None, release.wait)
        try:
            with pytest.warns(RuntimeWarning, match="joining its threads within 0.01 seconds"):
                await loop.shutdown_default_executor(timeout=0.01)
        finally:
            release.set()
        await working

    run(each_loop, scenario())


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


_SENDFILE: Final[dict[str, Callable[[Any, Any, Any], Any]]] = {
    "all of it": lambda loop, sock, file: loop.sock_sendfile(sock, file),
    "from an offset on": lambda loop, sock, file: loop.sock_sendfile(sock, file, offset=50),
    "so much of it": lambda loop, sock, file: loop.sock_sendfile(sock, file, offset=50, count=1000),
    "more than there is": lambda loop, sock, file: loop.sock_sendfile(sock, file, count=1 << 40),
    "without a fallback": lambda loop, sock, file: loop.sock_sendfile(sock, file, fallback=False),
    "a negative offset": lambda loop, sock, file: loop.sock_sendfile(sock, file, offset=-1),
    "a count of nothing": lambda loop, sock, file: loop.sock_sendfile(sock, file, count=0),
}


@pytest.mark.parametrize("part", _SENDFILE.values(), ids=list(_SENDFILE))
def test_parts_of_a_file_on_a_plain_socket(part: Callable[[Any, Any, Any], Any]) -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        ours, peer = socket_pair()
        with ours, peer, Path(__file__).open("rb") as file:
            try:
                sent = await part(loop, ours, file)
            except ValueError as error:
                return str(error).partition("<")[0]
            ours.close()
            received = b""
            while chunk := await loop.sock_recv(peer, 1 << 20):
                received += chunk
            return sent, received, file.tell()

    assert_same_course(scenario)
