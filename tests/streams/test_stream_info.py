"""What a stream transport says of its connection."""

from __future__ import annotations

import asyncio
import re
import socket
import weakref
from asyncio import trsock
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from support.outcomes import outcome_of
from support.protocols import Recorder
from support.streams import (
    FAMILIES,
    assert_same_course,
    closed,
    opened,
    receive,
    reset_on_close,
    run,
    settle,
    socket_pair,
)

_SERVERS: Final = ("IPv4", "IPv6", "Unix", "abstract Unix")


@contextmanager
def _listener(kind: str, folder: Path) -> Iterator[socket.socket]:
    """A listening socket of each kind of address."""
    family = {"IPv4": socket.AF_INET, "IPv6": socket.AF_INET6}.get(kind, socket.AF_UNIX)
    protocol = 0 if family == socket.AF_UNIX else socket.IPPROTO_TCP
    addresses: dict[str, Any] = {
        "IPv4": ("127.0.0.1", 0),
        "IPv6": ("::1", 0),
        "Unix": str(folder / "socket"),
        # The kernel chooses an unused abstract name.
        "abstract Unix": "",
    }
    with socket.socket(family, socket.SOCK_STREAM, protocol) as listener:
        try:
            listener.bind(addresses[kind])
        except OSError:
            pytest.skip(f"no {kind} here")
        listener.listen()
        yield listener


@asynccontextmanager
async def _ends(listener: socket.socket) -> AsyncIterator[tuple[asyncio.Transport, asyncio.Transport]]:
    """The client's and the server's transport of one connection."""
    loop = asyncio.get_running_loop()
    accepted = Recorder()
    server = await loop.create_server(lambda: accepted, sock=listener)
    client_socket = socket.socket(listener.family, socket.SOCK_STREAM, listener.proto)
    client_socket.setblocking(False)
    await loop.sock_connect(client_socket, listener.getsockname())
    client, _ = await loop.create_connection(Recorder, sock=client_socket)
    await accepted.until_noted("connection_made")
    yield client, accepted.transport
    client.close()
    await accepted.until_lost()
    await closed(client)
    await closed(accepted.transport)
    server.close()


@pytest.mark.parametrize("kind", _SERVERS)
def test_addresses(each_loop: asyncio.AbstractEventLoop, kind: str, tmp_path: Path) -> None:
    """Each end's own address is the other end's peer; both are still known after the end."""

    async def scenario() -> None:
        with _listener(kind, tmp_path) as listener:
            address = listener.getsockname()
            async with _ends(listener) as (client, accepted):
                assert client.get_extra_info("peername") == address
                assert accepted.get_extra_info("sockname") == address
                client_address = client.get_extra_info("socket").getsockname()
                assert client.get_extra_info("sockname") == client_address
                assert accepted.get_extra_info("peername") == client_address
            assert client.get_extra_info("peername") == address
            assert accepted.get_extra_info("peername") == client_address
            assert accepted.get_extra_info("sockname") == address

    run(each_loop, scenario())


@pytest.mark.parametrize("family", FAMILIES)
def test_the_socket(each_loop: asyncio.AbstractEventLoop, family: str) -> None:
    """It can be looked at and configured, but not read, written or closed."""

    async def scenario() -> None:
        ours, peer = socket_pair(family)
        number = ours.fileno()
        async with opened(pair=(ours, peer)) as (transport, _, _peer):
            end = transport.get_extra_info("socket")
            assert isinstance(end, trsock.TransportSocket)
            assert transport.get_extra_info("socket") is end
            assert end.fileno() == number
            assert (end.family, end.type, end.proto) == (peer.family, peer.type, ours.proto)
            assert end.getsockname() == peer.getpeername()
            assert end.getpeername() == peer.getsockname()
            assert end.gettimeout() == 0
            end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            assert end.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            for name in ("send", "recv", "close", "accept", "connect"):
                assert not hasattr(end, name)
            transport.close()
            await closed(transport)
            assert transport.get_extra_info("socket") is end
            assert end.fileno() == -1
            assert "socket" in repr(end).casefold()

    run(each_loop, scenario())


def test_small_packets_are_not_held_back(each_loop: asyncio.AbstractEventLoop) -> None:
    """The kernel's own collecting of small writes (Nagle's algorithm) is off on every TCP connection."""

    async def scenario() -> None:
        protocols: list[Recorder] = []

        def make() -> Recorder:
            protocols.append(Recorder())
            return protocols[-1]

        server = await each_loop.create_server(make, "127.0.0.1", 0)
        client, _ = await each_loop.create_connection(Recorder, *server.sockets[0].getsockname())
        await settle()
        for transport in (client, protocols[0].transport):
            assert transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        client.close()
        await protocols[0].until_lost()
        await closed(client)
        server.close()

    run(each_loop, scenario())


def test_other_names() -> None:
    async def scenario() -> object:
        default = object()
        async with opened() as (any_transport, _, _peer):
            transport: Any = any_transport
            names = ("nothing", "ssl_object", "sslcontext", "cipher", "compression", "peercert", "pipe", "", 5, None)
            seen = [[name, transport.get_extra_info(name), transport.get_extra_info(name, 5)] for name in names]
            return (
                seen,
                transport.get_extra_info("nothing", default) is default,
                transport.get_extra_info("nothing", default=default) is default,
                transport.get_extra_info(name="socket") is transport.get_extra_info("socket"),
                transport.get_extra_info("socket", default) is default,
                outcome_of(lambda: transport.get_extra_info([])).raised,
                outcome_of(lambda: transport.get_extra_info("a", "b", "c")).raised,
            )

    assert_same_course(scenario)


def test_addresses_of_a_pair() -> None:
    """Nobody has given these a name."""

    async def scenario() -> object:
        async with opened() as (transport, _, _peer):
            return transport.get_extra_info("sockname"), transport.get_extra_info("peername")

    assert assert_same_course(scenario) == "('', '')"


def test_a_peer_that_is_gone_before_it_can_be_asked() -> None:
    async def scenario() -> object:
        ours, peer = socket_pair("tcp")
        reset_on_close(peer)
        peer.close()
        protocol = Recorder()
        async with opened(protocol, (ours, peer)) as (transport, _, _peer):
            await protocol.until_lost()
            return transport.get_extra_info("peername"), protocol.events

    assert_same_course(scenario)


def test_its_type(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        async with opened() as (transport, _, _peer), opened() as (other, _, _other_peer):
            assert isinstance(transport, asyncio.Transport)
            assert isinstance(transport, asyncio.ReadTransport)
            assert isinstance(transport, asyncio.WriteTransport)
            assert weakref.ref(transport)() is transport
            assert len({transport, other, transport}) == 2
            assert transport != other

    run(each_loop, scenario())


def test_its_text_in_every_state(each_loop: asyncio.AbstractEventLoop) -> None:
    """A text that names the descriptor can be had whatever the transport is doing, from any callback."""
    texts: dict[str, str] = {}

    def note(recorder: Recorder, *_arguments: object) -> None:
        texts[recorder.events[-1]] = repr(recorder.transport)

    async def scenario() -> None:
        recorder = Recorder(connection_made=note, pause_writing=note, resume_writing=note, connection_lost=note)
        async with opened(recorder) as (transport, protocol, peer):
            texts["open"] = repr(transport)
            transport.write(bytes(3_000_000))
            texts["waiting"] = repr(transport)
            transport.close()
            texts["closing"] = repr(transport)
            assert len(await receive(peer, 3_000_000)) == 3_000_000
            await protocol.until_lost()
            await closed(transport)
            texts["closed"] = repr(transport)

    run(each_loop, scenario())
    assert len(texts) == 8
    numbers = {re.search(r"fd=(\d+)", text) and re.search(r"\bfd=\d+", text).group() for text in texts.values()}  # type: ignore[union-attr]
    assert len(numbers) == 1
