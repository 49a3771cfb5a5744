"""TLS over the loop's transports: asyncio's protocol on top, the loop's transports below."""

from __future__ import annotations

import asyncio
import hashlib
import random
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from support.certificates import (
    HOST,
    OTHER_HOST,
    client_context,
    identified_client_context,
    requiring_server_context,
    server_context,
)
from support.protocols import AnyRecorder, BufferedRecorder, Recorder
from support.servers import Service, echo
from support.streams import LARGE, assert_same_course, closed, reports, run, send, settle, socket_pair
from support.tls import connected


@pytest.mark.parametrize("kind", [Recorder, BufferedRecorder])
def test_an_echo(each_loop: asyncio.AbstractEventLoop, kind: type[AnyRecorder]) -> None:
    async def scenario() -> None:
        service = Service(data_received=echo)
        async with connected(service, kind()) as (transport, protocol):
            for text in (b"hello", b"x" * 100_000, b"bye"):
                protocol.data.clear()
                transport.write(text)
                await protocol.until_received(len(text))
                assert protocol.data == text
            transport.close()
            await protocol.until_lost()
            assert protocol.losses == [None]
            assert protocol.events[0] == "connection_made"
            await service.protocols[0].until_lost()
            assert service.protocols[0].events[-2:] == ["eof_received", "connection_lost NoneType"]

    run(each_loop, scenario())


def test_what_is_said_of_the_connection(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        service = Service()
        client = client_context()
        async with connected(service, client=client) as (transport, _):
            await service.until_made(1)
            accepted = service.protocols[0].transport
            assert transport.get_extra_info("sslcontext") is client
            end = transport.get_extra_info("ssl_object")
            assert isinstance(end, ssl.SSLObject)
            assert end.server_hostname == HOST
            assert transport.get_extra_info("cipher") == end.cipher() == accepted.get_extra_info("cipher")
            assert transport.get_extra_info("compression") is None
            assert ("DNS", HOST) in transport.get_extra_info("peercert")["subjectAltName"]
            assert not accepted.get_extra_info("peercert")
            assert accepted.get_extra_info("peername") == transport.get_extra_info("sockname")
            assert accepted.get_extra_info("sockname") == transport.get_extra_info("peername")
            assert transport.get_extra_info("socket").fileno() > 0
            assert transport.get_extra_info("nothing", 5) == 5
            assert not transport.can_write_eof()
            with pytest.raises(NotImplementedError):
                transport.write_eof()

    run(each_loop, scenario())


@pytest.mark.parametrize("seed", range(2))
def test_much_in_both_directions(each_loop: asyncio.AbstractEventLoop, seed: int) -> None:
    """With pauses of the reader, so that flow control takes part."""
    choices = random.Random(seed)
    pieces = [choices.randbytes(choices.choice((10, 1000, 100_000, 500_000))) for _ in range(25)]

    def pause_sometimes(recorder: AnyRecorder, _data: bytes) -> None:
        if choices.random() < 0.1 and recorder.transport.is_reading():
            recorder.transport.pause_reading()
            asyncio.get_running_loop().call_soon(recorder.transport.resume_reading)

    async def scenario() -> None:
        service = Service(data_received=echo)
        async with connected(service, Recorder(data_received=pause_sometimes)) as (transport, protocol):
            for piece in pieces:
                transport.write(piece)
                if choices.random() < 0.5:
                    await asyncio.sleep(0)
            transport.writelines(pieces)
            expected = b"".join(pieces) * 2
            await protocol.until_received(len(expected))
            assert hashlib.sha256(protocol.data).digest() == hashlib.sha256(expected).digest()
            assert protocol.events.count("pause_writing") == protocol.events.count("resume_writing")

    run(each_loop, scenario())


def test_close_sends_everything_first(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        service = Service()
        async with connected(service) as (transport, protocol):
            transport.write(bytes(LARGE))
            transport.close()
            assert transport.is_closing()
            await service.protocols[0].until_lost()
            assert len(service.protocols[0].data) == LARGE
            await protocol.until_lost()
            assert protocol.losses == [None]

    run(each_loop, scenario())


def test_abort(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        service = Service()
        async with connected(service) as (transport, protocol):
            transport.write(bytes(LARGE))
            transport.abort()
            await protocol.until_lost()
            await service.protocols[0].until_lost()
            assert len(service.protocols[0].data) < LARGE
            assert protocol.losses == [None]

    run(each_loop, scenario())


@pytest.mark.parametrize("ending", ["close", "abort"])
@pytest.mark.parametrize("callback", ["connection_made", "data_received"])
def test_an_ending_in_a_callback(each_loop: asyncio.AbstractEventLoop, callback: str, ending: str) -> None:
    def end(recorder: AnyRecorder, _argument: object) -> None:
        getattr(recorder.transport, ending)()

    async def scenario() -> None:
        hooks: dict[str, Any] = {callback: end}
        service = Service(**hooks)
        async with connected(service) as (transport, protocol):
            transport.write(b"data")
            await protocol.until_lost()
            await service.protocols[0].until_lost()
            assert len(service.protocols[0].losses) == len(protocol.losses) == 1

    run(each_loop, scenario())


def test_a_certificate_that_is_not_trusted() -> None:
    """Both ends of the connection are closed, whatever is reported of it."""

    async def scenario() -> object:
        service = Service()
        stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with reports(asyncio.get_running_loop()) as reported:
            with pytest.raises(ssl.SSLCertVerificationError):
                async with connected(service, client=stranger):
                    pass
            await settle()
        made = [protocol.events for protocol in service.protocols]
        return made, [report.message for report in reported]

    assert_same_course(scenario)


def test_a_name_that_does_not_fit(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        # The server reports it too, a moment later in debug mode.
        with reports(each_loop):
            with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
                async with connected(Service(), name=OTHER_HOST):
                    pass
            await settle()

    run(each_loop, scenario())


def test_certificates_of_clients(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        service = Service(data_received=echo)
        server = requiring_server_context()
        async with connected(service, server=server, client=identified_client_context()) as (transport, protocol):
            transport.write(b"hello")
            await protocol.until_received(5)
            certificate = service.protocols[0].transport.get_extra_info("peercert")
            assert ("email", "client@example.org") in certificate["subjectAltName"]
        refused = Service()
        with reports(each_loop):
            # TLS 1.3 tells the client only after its handshake.
            async with connected(refused, server=server) as (_, protocol):
                await protocol.until_lost()
            await settle()
        assert [protocol.events for protocol in refused.protocols] == [[]]

    run(each_loop, scenario())


def test_a_server_of_several_names(each_loop: asyncio.AbstractEventLoop) -> None:
    """The callback for the client's choice of a name can change the context."""

    async def scenario() -> None:
        asked: list[str | None] = []
        main, other = server_context(), server_context(OTHER_HOST)

        def choose(end: ssl.SSLSocket | ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
            asked.append(name)
            if name == OTHER_HOST:
                end.context = other

        main.sni_callback = choose
        for name in (HOST, OTHER_HOST):
            async with connected(Service(), server=main, name=name) as (transport, _):
                assert ("DNS", name) in transport.get_extra_info("peercert")["subjectAltName"]
        assert asked == [HOST, OTHER_HOST]

    run(each_loop, scenario())


@pytest.mark.parametrize(("offered", "chosen"), [(["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"), (["x"], None)])
def test_protocols_are_negotiated(each_loop: asyncio.AbstractEventLoop, offered: list[str], chosen: str | None) -> None:
    async def scenario() -> None:
        service = Service()
        server, client = server_context(), client_context()
        server.set_alpn_protocols(["h2", "http/1.1"])
        client.set_alpn_protocols(offered)
        async with connected(service, server=server, client=client) as (transport, _):
            await service.until_made(1)
            for end in (transport, service.protocols[0].transport):
                assert end.get_extra_info("ssl_object").selected_alpn_protocol() == chosen

    run(each_loop, scenario())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions(each_loop: asyncio.AbstractEventLoop, version: ssl.TLSVersion) -> None:
    async def scenario() -> None:
        client = client_context()
        client.minimum_version = client.maximum_version = version
        service = Service(data_received=echo)
        async with connected(service, client=client) as (transport, protocol):
            transport.write(b"hello")
            await protocol.until_received(5)
            assert transport.get_extra_info("ssl_object").version() == version.name.replace("_", ".")

    run(each_loop, scenario())


def _secured_peer(peer: socket.socket) -> ssl.SSLSocket:
    """A server's end without a loop, for use in a thread."""
    peer.setblocking(True)
    return server_context().wrap_socket(peer, server_side=True, suppress_ragged_eofs=False)


_PeerEnding = Callable[[ssl.SSLSocket], object]

_PEER_ENDINGS: dict[str, _PeerEnding] = {
    "in order": lambda end: end.unwrap(),
    "without saying so": lambda end: end.shutdown(socket.SHUT_RDWR),
}


@pytest.mark.parametrize("ending", _PEER_ENDINGS)
def test_the_peer_ends_the_connection(ending: str) -> None:
    """In order or by just closing its socket; the latter is no error to asyncio."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        ours, peer = socket_pair()

        def serve() -> None:
            with _secured_peer(peer) as end:
                end.sendall(b"the last words")
                _PEER_ENDINGS[ending](end)

        protocol = Recorder()
        serving = loop.run_in_executor(None, serve)
        transport, _ = await loop.create_connection(
            lambda: protocol, sock=ours, ssl=client_context(), server_hostname=HOST
        )
        await protocol.until_lost()
        await serving
        await closed(transport)
        await loop.shutdown_default_executor()
        return protocol.events, bytes(protocol.data), [type(loss).__name__ for loss in protocol.losses]

    assert "eof_received" in assert_same_course(scenario)


def test_a_peer_that_breaks_the_protocol() -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        ours, peer = socket_pair()
        with peer:
            connecting = asyncio.ensure_future(
                loop.create_connection(Recorder, sock=ours, ssl=client_context(), server_hostname=HOST)
            )
            await settle()
            await send(peer, b"this is no handshake at all, whatever else it may be")
            with pytest.raises(ssl.SSLError) as raised:
                await connecting
            await settle()
            return type(raised.value).__name__, ours.fileno() == -1

    assert_same_course(scenario)


def test_a_peer_that_goes_away_during_the_handshake() -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        ours, peer = socket_pair()
        connecting = asyncio.ensure_future(
            loop.create_connection(Recorder, sock=ours, ssl=client_context(), server_hostname=HOST)
        )
        await settle()
        peer.close()
        with pytest.raises(ConnectionError) as raised:
            await connecting
        await settle()
        return type(raised.value).__name__, ours.fileno() == -1

    assert_same_course(scenario)


def test_arguments_that_do_not_fit(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        ours, peer = socket_pair()
        with ours, peer:
            with pytest.raises(ValueError, match="server_hostname"):
                await each_loop.create_connection(Recorder, sock=ours, ssl=client_context())
            for name in ("ssl_handshake_timeout", "ssl_shutdown_timeout"):
                options: dict[str, Any] = {name: 1}
                with pytest.raises(ValueError, match=name):
                    await each_loop.create_connection(Recorder, sock=ours, **options)

    run(each_loop, scenario())
