"""An aiohttp server and an aiohttp client on one PyLoop loop, in the clear and through TLS."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import aiohttp
import pytest
from aiohttp import web

from support.security import Security
from support.streams import run

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HOST: Final = "127.0.0.1"
_CHUNK: Final = 50_000
_CHUNKS: Final = 120
_BODY: Final = random.Random(1).randbytes(_CHUNK * _CHUNKS)


@contextlib.asynccontextmanager
async def _server(
    security: Security, *routes: web.AbstractRouteDef, **options: Any
) -> AsyncIterator[tuple[web.AppRunner, str]]:
    """A server of some routes, and its address."""
    app = web.Application(client_max_size=len(_BODY))
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, **options)
    await runner.setup()
    try:
        await web.TCPSite(runner, _HOST, 0, ssl_context=security.server).start()
        _, port = runner.addresses[0]
        yield runner, f"{security.scheme('http')}://{_HOST}:{port}"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _session(
    security: Security, *routes: web.AbstractRouteDef, limit: int = 100, **options: Any
) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a server of some routes; requests are relative to its address."""
    async with _server(security, *routes, **options) as (_, address):
        connector = aiohttp.TCPConnector(limit=limit, ssl=security.client or True)
        async with aiohttp.ClientSession(address, connector=connector) as session:
            yield session


async def _pieces() -> AsyncIterator[bytes]:
    for start in range(0, len(_BODY), _CHUNK):
        yield _BODY[start : start + _CHUNK]
        await asyncio.sleep(0)


async def _echo(request: web.Request) -> web.Response:
    return web.json_response({"method": request.method, "path": request.path, "body": await request.text()})


async def _download(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    async for piece in _pieces():
        await response.write(piece)
    return response


async def _never(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


def test_requests_of_each_method_are_answered(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    async def ask(session: aiohttp.ClientSession, number: int) -> None:
        method = ("GET", "POST", "PUT", "DELETE")[number % 4]
        body = "é" * (number * 10) if method in {"POST", "PUT"} else ""
        async with session.request(method, f"/{number}", data=body.encode() or None) as response:
            assert response.status == 200
            assert await response.json() == {"method": method, "path": f"/{number}", "body": body}

    async def main() -> None:
        async with _session(security, web.route("*", "/{number}", _echo), limit=20) as session:
            await asyncio.gather(*(ask(session, number) for number in range(200)))
            async with session.get("/no/such") as response:
                assert response.status == 404

    run(loop, main())


def test_a_connection_is_kept_alive(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    async def peer(request: web.Request) -> web.Response:
        assert request.transport is not None
        return web.Response(text=str(request.transport.get_extra_info("peername")))

    async def main() -> None:
        async with _session(security, web.get("/", peer), limit=1) as session:
            peers = set()
            for _ in range(50):
                async with session.get("/") as response:
                    peers.add(await response.text())
            assert len(peers) == 1
            for headers in ({"Connection": "close"}, {}):
                async with session.get("/", headers=headers) as response:
                    assert (await response.text() in peers) == bool(headers)

    run(loop, main())


def test_megabytes_are_streamed_up_and_down(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    async def upload(request: web.Request) -> web.Response:
        digest = hashlib.sha256()
        async for chunk in request.content.iter_any():
            digest.update(chunk)
        return web.Response(text=digest.hexdigest())

    async def main() -> None:
        async with _session(security, web.post("/", upload), web.get("/", _download)) as session:
            async with session.post("/", data=_pieces()) as response:
                assert await response.text() == hashlib.sha256(_BODY).hexdigest()
            async with session.post("/", data=io.BytesIO(_BODY)) as response:
                assert await response.text() == hashlib.sha256(_BODY).hexdigest()
            async with session.get("/") as response:
                assert await response.read() == _BODY

    run(loop, main())


def test_both_directions_of_one_request_stream_at_once(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    async def reflect(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        async for chunk in request.content.iter_any():
            await response.write(chunk)
        return response

    async def main() -> None:
        async with _session(security, web.post("/", reflect)) as session:

            async def post() -> bytes:
                async with session.post("/", data=_pieces()) as response:
                    return await response.read()

            assert list(await asyncio.gather(post(), post())) == [_BODY, _BODY]

    run(loop, main())


def test_a_slow_reader_makes_the_server_wait(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    written = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(_BODY[:_CHUNK])
            written += _CHUNK
            await asyncio.sleep(0)  # for the end: asyncio's TLS takes writes in silence until it hears of a loss

    async def main() -> None:
        async with _session(security, web.get("/", endless)) as session, session.get("/") as response:
            before = -1
            while written > before:
                before = written
                await asyncio.sleep(0.1)
            # What fits into the buffers on the way; the kernel's grow to some megabytes.
            assert written < 30_000_000
            await response.content.readexactly(2 * before)
            assert written > before
            response.close()

    run(loop, main())


def test_a_file_is_sent(loop: asyncio.AbstractEventLoop, security: Security, tmp_path: Path) -> None:
    file = tmp_path / "file.bin"
    file.write_bytes(_BODY)

    async def send(request: web.Request) -> web.FileResponse:
        return web.FileResponse(file)

    async def main() -> None:
        async with _session(security, web.get("/", send)) as session:
            for _ in range(3):
                async with session.get("/") as response:
                    assert await response.read() == _BODY
            async with session.get("/", headers={"Range": "bytes=1000-2000999"}) as response:
                assert response.status == 206
                assert await response.read() == _BODY[1000:2_001_000]
        # Threads close the files.
        await loop.shutdown_default_executor()

    run(loop, main())


def test_a_form_with_a_file_is_taken_apart(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    async def take(request: web.Request) -> web.Response:
        sizes = []
        async for part in await request.multipart():
            assert isinstance(part, aiohttp.BodyPartReader)
            sizes.append(f"{part.name} {len(await part.read())}")
        return web.Response(text=", ".join(sizes))

    async def main() -> None:
        async with _session(security, web.post("/", take)) as session:
            form = aiohttp.FormData({"word": "abc"})
            form.add_field("file", io.BytesIO(_BODY[:2_000_000]), filename="file.bin")
            async with session.post("/", data=form, expect100=True) as response:
                assert await response.text() == "word 3, file 2000000"

    run(loop, main())


async def _converse(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(max_msg_size=0)
    await socket.prepare(request)
    async for message in socket:
        match message.type:
            case aiohttp.WSMsgType.TEXT if message.data == "leave":
                await socket.close(code=4001, message=b"as you wish")
            case aiohttp.WSMsgType.TEXT:
                await socket.send_str(message.data.upper())
            case aiohttp.WSMsgType.BINARY:
                await socket.send_bytes(message.data[::-1])
    return socket


def test_websockets_converse(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    async def talk(session: aiohttp.ClientSession, number: int) -> None:
        async with session.ws_connect("/", max_msg_size=0, autoping=False) as socket:
            for step in range(30):
                await socket.send_str(f"word {number} {step}")
                assert await socket.receive_str() == f"WORD {number} {step}"
            await socket.ping(b"are you there?")
            answer = await socket.receive()
            assert (answer.type, answer.data) == (aiohttp.WSMsgType.PONG, b"are you there?")
            await socket.send_str("leave")
            assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
            assert socket.close_code == 4001

    async def main() -> None:
        async with _session(security, web.get("/", _converse)) as session:
            await asyncio.gather(*(talk(session, number) for number in range(20)))
            async with session.ws_connect("/", max_msg_size=0) as socket:
                await socket.send_bytes(_BODY)
                assert await socket.receive_bytes() == _BODY[::-1]
                words = [f"word {number}" for number in range(500)]
                for word in words:
                    await socket.send_str(word)
                assert [await socket.receive_str() for _ in words] == [word.upper() for word in words]

    run(loop, main())


def test_a_websocket_without_a_heartbeat_is_given_up(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    async def deaf(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        await asyncio.sleep(30)
        return socket

    async def main() -> None:
        async with (
            _session(security, web.get("/", deaf), handler_cancellation=True) as session,
            session.ws_connect("/", heartbeat=0.1) as socket,
        ):
            message = await socket.receive()
            assert message.type is aiohttp.WSMsgType.ERROR
            assert isinstance(message.data, aiohttp.ServerTimeoutError)

    run(loop, main())


@pytest.mark.parametrize("give_up", ["timeout", "cancel"])
def test_a_request_that_is_given_up_ends_at_the_server_too(
    loop: asyncio.AbstractEventLoop, security: Security, give_up: str
) -> None:
    async def main() -> None:
        entered, cancelled = asyncio.Event(), asyncio.Event()

        async def wait(request: web.Request) -> web.StreamResponse:
            entered.set()
            try:
                return await _never(request)
            finally:
                cancelled.set()

        async def echo(session: aiohttp.ClientSession, text: str) -> None:
            async with session.post("/echo", data=text) as response:
                assert (await response.json())["body"] == text

        routes = [web.get("/wait", wait), web.post("/echo", _echo)]
        async with _session(security, *routes, handler_cancellation=True) as session:
            await echo(session, "so that there is a connection")
            if give_up == "timeout":
                with pytest.raises(TimeoutError):
                    await session.get("/wait", timeout=aiohttp.ClientTimeout(total=0.2))
                assert entered.is_set()
            else:
                task = asyncio.ensure_future(session.get("/wait"))
                await entered.wait()
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            await cancelled.wait()
            await echo(session, "and there is another")

    run(loop, main())


def test_a_download_that_breaks_off_is_noticed_at_both_ends(
    loop: asyncio.AbstractEventLoop, security: Security
) -> None:
    async def main() -> None:
        ended: asyncio.Future[BaseException] = loop.create_future()

        async def endless(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            try:
                while True:
                    await response.write(_BODY[:_CHUNK])
                    await asyncio.sleep(0)  # as above
            except ConnectionError as error:
                ended.set_result(error)
                raise

        async def break_off(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Length": "1000000"})
            await response.prepare(request)
            await response.write(_BODY[:_CHUNK])
            assert request.transport is not None
            request.transport.abort()
            return response

        async with _session(security, web.get("/endless", endless), web.get("/break", break_off)) as session:
            async with session.get("/endless") as response:
                await response.content.readexactly(1_000_000)
                response.close()
            assert isinstance(await ended, ConnectionError)
            with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ClientConnectionError)):
                async with session.get("/break") as response:
                    await response.read()

    run(loop, main())


def test_a_server_that_stops_completes_what_is_under_way(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    async def main() -> None:
        entered = asyncio.Event()

        async def slow(request: web.Request) -> web.StreamResponse:
            entered.set()
            await asyncio.sleep(0.2)
            return await _download(request)

        async with _server(security, web.get("/", slow), shutdown_timeout=20) as (runner, address):
            connector = aiohttp.TCPConnector(ssl=security.client or True)
            async with aiohttp.ClientSession(address, connector=connector) as session:

                async def get() -> bytes:
                    async with session.get("/") as response:
                        return await response.read()

                task = asyncio.create_task(get())
                await entered.wait()
                await runner.cleanup()
                assert await task == _BODY
                with pytest.raises(aiohttp.ClientConnectionError):
                    await session.get("/")

    run(loop, main())


def test_a_unix_socket_serves_too(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    async def main() -> None:
        app = web.Application()
        app.add_routes([web.get("/", _download)])
        runner = web.AppRunner(app)
        await runner.setup()
        path = str(tmp_path / "socket")
        try:
            await web.UnixSite(runner, path).start()
            async with (
                aiohttp.ClientSession("http://server", connector=aiohttp.UnixConnector(path)) as session,
                session.get("/") as response,
            ):
                assert await response.read() == _BODY
        finally:
            await runner.cleanup()

    run(loop, main())
