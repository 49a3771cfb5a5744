"""What PyLoop's TLS protocol leaves out of asyncio's must not be missed; what it saves is to be seen."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import pytest

from support.certificates import HOST, client_context, server_context
from support.memory import traced
from support.protocols import BufferedRecorder, Recorder
from support.servers import Service, echo
from support.streams import closed, run
from support.tls import connect, connected, serving

CONNECTIONS = 20
LESS_THAN_ASYNCIOS_BUFFER = 128 * 1024


def test_connections_share_a_buffer(loop: asyncio.AbstractEventLoop) -> None:
    """With asyncio each end has one of 256 KiB."""

    async def scenario() -> None:
        service = Service()
        async with serving(service) as address:
            first = await connect(address, Recorder())
            await service.until_made(1)
            before = left()
            transports = [await connect(address, Recorder()) for _ in range(CONNECTIONS)]
            await service.until_made(1 + CONNECTIONS)
            assert left() - before < 2 * CONNECTIONS * LESS_THAN_ASYNCIOS_BUFFER
            for transport in [first, *transports]:
                transport.abort()
                await closed(transport)

    with traced() as left:
        run(loop, scenario())


def test_upgraded_connections_share_it_too(loop: asyncio.AbstractEventLoop) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.start_tls(server_context())
        await writer.wait_closed()

    async def upgraded(port: int) -> asyncio.StreamWriter:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        await writer.start_tls(client_context(), server_hostname=HOST)
        return writer

    async def scenario() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        writers = [await upgraded(port)]
        before = left()
        writers += [await upgraded(port) for _ in range(CONNECTIONS)]
        assert left() - before < 2 * CONNECTIONS * LESS_THAN_ASYNCIOS_BUFFER
        for writer in writers:
            writer.close()
            await writer.wait_closed()
        server.close()
        await server.wait_closed()

    with traced() as left:
        run(loop, scenario())


def test_what_one_receives_is_not_another_s(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        service = Service(data_received=echo)
        async with serving(service) as address:
            protocols = [Recorder() if number % 2 else BufferedRecorder() for number in range(6)]
            transports = [await connect(address, protocol) for protocol in protocols]
            sizes = [1, 16_384, 16_385, 100_000, 300_000]
            for size in sizes:
                for number, transport in enumerate(transports):
                    transport.write(bytes([number]) * size)
            for number, protocol in enumerate(protocols):
                await protocol.until_received(sum(sizes))
                assert protocol.data == bytes([number]) * sum(sizes)
            for transport in transports:
                transport.abort()
                await closed(transport)

    run(each_loop, scenario())


class _Sparing(ssl.SSLObject):
    """Gives away three bytes at a time, so that more is left when there is nothing more to decrypt."""

    def read(self, len: int = 1024, buffer: Any = None) -> Any:  # noqa: A002 - as the parameter is called there
        return super().read(min(len, 3), buffer)


def test_an_object_of_the_program_s_own_is_asked_until_it_has_nothing(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        context = client_context()
        context.sslobject_class = _Sparing
        service = Service(data_received=echo)
        async with connected(service, client=context) as (transport, protocol):
            transport.write(b"more than three")
            await protocol.until_received(15)
            assert protocol.data == b"more than three"
            assert protocol.events.count("data_received") == 1

    run(each_loop, scenario())


def test_the_rest_of_a_record_goes_to_the_protocol_that_follows(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        service = Service(data_received=echo)
        later = Recorder()
        room = bytearray(4)

        def follow(_: object, __: object) -> None:
            transport.set_protocol(later)

        first = BufferedRecorder(get_buffer=lambda *_: room, buffer_updated=follow)
        async with connected(service, first) as (transport, _):
            transport.write(b"headthe rest")
            await later.until_received(8)
            assert room == b"head"
            assert later.data == b"the rest"

    run(each_loop, scenario())


def test_an_exception_is_reported_under_asyncio_s_names(each_loop: asyncio.AbstractEventLoop) -> None:
    def fail(_: Recorder, __: bytes) -> None:
        raise ZeroDivisionError

    async def scenario() -> None:
        service = Service(data_received=fail)
        async with connected(service) as (transport, protocol):
            reported: list[dict[str, Any]] = []
            each_loop.set_exception_handler(lambda _, context: reported.append(context))
            transport.write(b"x")
            await protocol.until_lost()
            (context,) = reported
            assert context["message"] == "Fatal error on SSL protocol"
            assert isinstance(context["exception"], ZeroDivisionError)
            assert repr(context["protocol"]).startswith("<asyncio.sslproto.SSLProtocol object at ")

    run(each_loop, scenario())


def test_a_limit_of_nothing_pauses_the_writer_as_on_asyncio(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> list[str]:
        service = Service(data_received=echo)
        async with connected(service) as (transport, protocol):
            transport.set_write_buffer_limits(0)
            for text in (b"a", b"bc"):
                transport.write(text)
                await protocol.until_received(len(text))
            return protocol.events

    events = run(each_loop, scenario())
    assert "pause_writing" in events


def test_lines_of_every_kind_are_sent(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        service = Service(data_received=echo)
        async with connected(service) as (transport, protocol):
            transport.writelines([])
            transport.writelines((b"a",))
            transport.writelines([b"b", bytearray(b"c"), memoryview(b"d")])
            transport.write(memoryview(b"e"))
            transport.write(b"f" * 20_000)
            await protocol.until_received(20_005)
            assert protocol.data == b"abcde" + b"f" * 20_000

    run(each_loop, scenario())


@pytest.mark.parametrize("end", ["close", "abort"])
def test_the_peer_ends_in_the_midst_of_a_message(each_loop: asyncio.AbstractEventLoop, end: str) -> None:
    """Data and close_notify come in one piece: the data is delivered, then the end."""

    def answer(recorder: Recorder, data: bytes) -> None:
        recorder.transport.write(data)
        getattr(recorder.transport, end)()

    async def scenario() -> None:
        service = Service(data_received=answer)
        async with connected(service) as (transport, protocol):
            transport.write(b"last words")
            await protocol.until_lost()
            if end == "close":
                assert protocol.data == b"last words"
                assert protocol.events[-3:] == ["data_received", "eof_received", "connection_lost NoneType"]

    run(each_loop, scenario())
