"""Cancelled operations: no descriptor is closed twice, left open, or used after its number has become another's.

Each is cancelled after every number of iterations in turn, which reaches every await inside it; and as soon as a
descriptor is closed, something else is opened under its number.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import io
import socket
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from support.certificates import HOST, client_context, server_context
from support.loops import FACTORIES, fresh_loop, run_iteration
from support.protocols import Recorder
from support.squatters import open_numbers, squatters
from support.streams import reports, socket_pair

# What is cancelled before it has begun.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")

_STEPS: Final = 31
_GREETING: Final = b"from the server"
_SMALL_FILE: Final = 100_000

_Loop: TypeAlias = asyncio.AbstractEventLoop
_Address: TypeAlias = tuple[str, int]

# What two worlds can share.
_server_context = functools.cache(server_context)
_client_context = functools.cache(client_context)


class _World:
    """What an operation may connect to: plain listeners, a TLS server that greets, and one end of a pair."""

    def __init__(self, loop: _Loop) -> None:
        self.loop = loop
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address: _Address = self.listener.getsockname()
        self.path = f"\0pyloop-descriptors-{id(self)}"
        self.unix_listener = socket.socket(socket.AF_UNIX)
        self.unix_listener.bind(self.path)
        self.unix_listener.listen()
        self.ours, self.peer = socket_pair()
        self.peer.send(_GREETING)
        self.tls_address: _Address = ("", 0)
        self._accepted: list[Recorder] = []
        self._servers: list[asyncio.Server] = []

    def serve_tls(self) -> None:
        """Start the TLS server."""
        making = self.loop.create_server(self._make, "127.0.0.1", 0, ssl=_server_context())
        server = self.loop.run_until_complete(making)
        self._servers.append(server)
        self.tls_address = server.sockets[0].getsockname()

    def end_servers(self) -> None:
        """Close the servers and what they have accepted."""
        for server in self._servers:
            server.close()
        for protocol in self._accepted:
            if "connection_made" in protocol.events:
                protocol.transport.abort()

    def close(self) -> None:
        """Close all that was there before the operation."""
        for end in (self.listener, self.unix_listener, self.ours, self.peer):
            end.close()

    def _make(self) -> Recorder:
        self._accepted.append(Recorder(connection_made=lambda _recorder, transport: transport.write(_GREETING)))
        return self._accepted[-1]


@contextlib.contextmanager
def _world(loop: _Loop) -> Iterator[_World]:
    world = _World(loop)
    try:
        yield world
    finally:
        world.close()


_Operation: TypeAlias = Callable[[_World], Coroutine[Any, Any, Any]]


async def _start_tls(world: _World, *, server_side: bool) -> Any:
    """Connect without TLS and begin it then; whoever is cancelled in between has the transport to close."""
    address = world.address if server_side else world.tls_address
    context = _server_context() if server_side else _client_context()
    transport, protocol = await world.loop.create_connection(Recorder, *address)
    try:
        name = None if server_side else HOST
        upgraded = await world.loop.start_tls(
            transport, protocol, context, server_side=server_side, server_hostname=name
        )
    except BaseException:
        transport.close()
        raise
    return upgraded, protocol


async def _sendfile(world: _World) -> Any:
    transport, protocol = await world.loop.create_connection(Recorder, sock=world.ours)
    try:
        with Path(__file__).open("rb") as file:
            await world.loop.sendfile(transport, file)
    except BaseException:
        transport.abort()
        raise
    return transport, protocol


async def _sendfile_in_pieces(world: _World) -> Any:
    _read_files_in_the_loop(world)
    transport, protocol = await world.loop.create_connection(Recorder, sock=world.ours)
    try:
        await world.loop.sendfile(transport, io.BytesIO(bytes(_SMALL_FILE)))
    except BaseException:
        transport.abort()
        raise
    return transport, protocol


def _read_files_in_the_loop(world: _World) -> None:
    """Where a thread would read what the kernel cannot send, an iteration passes: all loops are to need as many."""

    async def run(_executor: object, function: Callable[..., object], *arguments: object) -> object:
        await asyncio.sleep(0)
        return function(*arguments)

    loop: Any = world.loop
    loop.run_in_executor = run


def _resolve(world: _World, *addresses: _Address, turns: int = 2) -> None:
    """Have the world's loop find `addresses` for every name, which takes it some iterations."""

    async def resolve(*_question: object, **options: Any) -> list[Any]:
        for _ in range(turns):
            await asyncio.sleep(0)
        return [(socket.AF_INET, options["type"], 0, "", address) for address in addresses]

    loop: Any = world.loop
    loop.getaddrinfo = resolve


async def _happy_eyeballs(world: _World) -> Any:
    """Two addresses that are tried at once; there is a listener at one of them."""
    _resolve(world, ("127.0.0.2", world.address[1]), world.address, turns=0)
    return await world.loop.create_connection(Recorder, "several.addresses", 1, happy_eyeballs_delay=0)


async def _connection_by_name(world: _World) -> Any:
    """The first of its addresses refuses."""
    _resolve(world, ("127.0.0.2", world.address[1]), world.address)
    return await world.loop.create_connection(Recorder, "a.name", 1)


async def _endpoint_by_name(world: _World) -> Any:
    _resolve(world, ("127.0.0.1", 0))
    return await world.loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("a.name", 0))


async def _unix_endpoint(world: _World) -> Any:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        path: Any = f"{world.path}-datagrams"
        receiver.bind(path)
        return await world.loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=path, family=socket.AF_UNIX
        )


async def _endpoint_of_a_socket(world: _World) -> Any:
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    return await world.loop.create_datagram_endpoint(asyncio.DatagramProtocol, sock=own)


async def _silent_handshake(world: _World) -> Any:
    """A client that does not begin."""
    world.ours.recv(len(_GREETING))
    return await world.loop.connect_accepted_socket(Recorder, world.ours, ssl=_server_context())


async def _sock_connect(world: _World, *, by_name: bool) -> None:
    if by_name:
        _resolve(world, world.address)
    with socket.socket() as client:
        client.setblocking(False)
        await world.loop.sock_connect(client, ("a.name", 1) if by_name else world.address)


async def _sock_sendfile(world: _World) -> None:
    with Path(__file__).open("rb") as file:
        await world.loop.sock_sendfile(world.ours, file)


async def _sock_sendfile_in_pieces(world: _World) -> None:
    _read_files_in_the_loop(world)
    await world.loop.sock_sendfile(world.ours, io.BytesIO(bytes(_SMALL_FILE)))


async def _stream(world: _World) -> Any:
    _, writer = await asyncio.open_connection(*world.address)
    return writer.transport, writer


async def _tls(world: _World) -> Any:
    return await world.loop.create_connection(Recorder, *world.tls_address, ssl=_client_context(), server_hostname=HOST)


_OPERATIONS: dict[str, _Operation] = {
    "create_connection": lambda world: world.loop.create_connection(Recorder, *world.address),
    "create_connection with a local address": lambda world: world.loop.create_connection(
        Recorder, *world.address, local_addr=("127.0.0.1", 0)
    ),
    "create_connection by name": _connection_by_name,
    "create_connection of a socket": lambda world: world.loop.create_connection(Recorder, sock=world.ours),
    "create_connection with TLS": _tls,
    "create_connection to the first that answers": _happy_eyeballs,
    "create_unix_connection": lambda world: world.loop.create_unix_connection(Recorder, world.path),
    "connect_accepted_socket": lambda world: world.loop.connect_accepted_socket(Recorder, world.ours),
    "create_datagram_endpoint": lambda world: world.loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0), remote_addr=world.address
    ),
    "connect_accepted_socket with TLS": _silent_handshake,
    "create_datagram_endpoint by name": _endpoint_by_name,
    "create_datagram_endpoint of Unix": _unix_endpoint,
    "create_datagram_endpoint of a socket": _endpoint_of_a_socket,
    "open_connection": _stream,
    "sock_connect": functools.partial(_sock_connect, by_name=False),
    "sock_connect by name": functools.partial(_sock_connect, by_name=True),
    "sock_sendfile": _sock_sendfile,
    "sock_sendfile in pieces": _sock_sendfile_in_pieces,
    "start_tls": functools.partial(_start_tls, server_side=False),
    "start_tls at the server's side": functools.partial(_start_tls, server_side=True),
    "sendfile": _sendfile,
    "sendfile in pieces": _sendfile_in_pieces,
}


# Handshakes that the other end does not begin.
_ENDLESS: Final = {"connect_accepted_socket with TLS", "start_tls at the server's side"}

_TLS_CLIENTS: Final = {"create_connection with TLS", "start_tls"}


def _end(result: Any) -> None:
    """Close what an operation has made, if anything."""
    if result is not None:
        transport: asyncio.Transport = result[0]
        transport.abort()


def _cancel_after(loop: _Loop, operation: str, steps: int, *, waited_for: bool) -> tuple[str, bool]:
    """Cancel `operation` after `steps` iterations.

    Returns:
        How it ended, and whether the socket that it was given is closed then.
    """
    with reports(loop) as reported, _world(loop) as world:
        if operation in _TLS_CLIENTS:
            world.serve_tls()
        with squatters(loop) as taken:
            coroutine = _OPERATIONS[operation](world)
            task = loop.create_task(asyncio.wait_for(coroutine, 60) if waited_for else coroutine)
            taken.step(steps)
            task.cancel()
            taken.step_until(task.done)
            ending = "cancelled" if task.cancelled() else "failed" if task.exception() else "succeeded"
            taken.step(5)
            closed = world.ours.fileno() == -1
            if ending == "succeeded":
                _end(task.result())
            world.end_servers()
            taken.step(5)
    assert reported == []
    return ending, closed


@pytest.mark.parametrize("waited_for", [False, True], ids=["", "within wait_for"])
@pytest.mark.parametrize(
    "operation",
    [
        # asyncio's own race leaves the winner's socket to the garbage collector if it is cancelled just then.
        pytest.param(name, marks=pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"))
        if operation is _happy_eyeballs
        else name
        for name, operation in _OPERATIONS.items()
    ],
)
def test_what_is_cancelled_leaves_nothing(operation: str, waited_for: bool) -> None:
    courses = []
    for factory in FACTORIES.values():
        course = []
        with fresh_loop(factory) as loop:
            # In debug mode servers report connections that end before they are ready.
            loop.set_debug(False)
            before = open_numbers()
            for steps in range(_STEPS):
                course.append(_cancel_after(loop, operation, steps, waited_for=waited_for))
                if open_numbers() != before:
                    gc.collect()
                    assert open_numbers() == before, f"cancelled after {steps} iterations"
                if [ending for ending, _ in course[-3:]] == ["succeeded"] * 3:
                    break
        courses.append(course)
    assert courses[0][0] == ("cancelled", False)
    assert courses[0][-1][0] == ("cancelled" if operation in _ENDLESS else "succeeded")
    assert courses[1] == courses[0]


@pytest.mark.parametrize("secure", [False, True], ids=["", "with TLS"])
@pytest.mark.parametrize(
    "make",
    [
        lambda loop, _, **options: loop.create_server(Recorder, "127.0.0.1", 0, **options),
        lambda loop, _, **options: loop.create_server(Recorder, sock=socket.create_server(("127.0.0.1", 0)), **options),
        lambda loop, _, **options: loop.create_server(Recorder, ["127.0.0.1", "127.0.0.2"], 0, **options),
        lambda loop, path, **options: loop.create_unix_server(Recorder, path, **options),
    ],
    ids=["create_server", "create_server of a socket", "create_server of several addresses", "create_unix_server"],
)
def test_a_server_that_nobody_gets_does_not_listen(make: Any, secure: bool, tmp_path: Path) -> None:
    """On PyLoop only: on asyncio the server of a cancelled call goes on listening."""
    endings = set()
    with fresh_loop(FACTORIES["pyloop"]) as loop:
        before = open_numbers()
        for steps in range(1, _STEPS):
            path = str(tmp_path / str(steps))
            task = loop.create_task(make(loop, path, **({"ssl": _server_context()} if secure else {})))
            for _ in range(steps):
                run_iteration(loop)
            task.cancel()
            loop.run_until_complete(asyncio.wait([task]))
            endings.add(task.cancelled())
            if not task.cancelled():
                task.result().close()
                break
            run_iteration(loop)
            assert open_numbers() == before, f"cancelled after {steps} iterations"
    assert endings == {True, False}
