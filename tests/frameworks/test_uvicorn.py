"""uvicorn with httptools and websockets, in the clear and through TLS: on a loop of the test's and as a command."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import aiohttp
import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from support.certificates import server_files
from support.commands import LIFESPAN, logged, started
from support.programs import HANG_SECONDS
from support.security import Security, security_of
from support.streams import run

Scope: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[Any], Awaitable[None]]

_HOST: Final = "127.0.0.1"
_CHUNK: Final = 50_000
_CHUNKS: Final = 120
_BODY: Final = random.Random(1).randbytes(_CHUNK * _CHUNKS)
_CLIENT: Final[dict[str, Any]] = {"proxy": None, "compression": None, "max_size": None}


class _App:
    """An ASGI application that notes its lifespan, and what its requests come to."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.entered = asyncio.Event()
        self.left = asyncio.Event()
        self.release = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = scope["type"] if scope["type"] != "http" else scope["path"][1:]
        self.entered.set()
        try:
            await getattr(self, f"_{route}")(scope, receive, send)
        except BaseException as error:
            self.events.append(type(error).__name__)
            raise
        finally:
            self.left.set()

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["word"] = "of the lifespan"
        for event in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{event}"
            self.events.append(event)
            self.entered.clear()
            await send({"type": f"lifespan.{event}.complete"})

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            if message.get("text") == "leave":
                await send({"type": "websocket.close", "code": 4001, "reason": "as you wish"})
            elif message.get("text") is not None:
                await send({"type": "websocket.send", "text": message["text"].upper()})
            else:
                await send({"type": "websocket.send", "bytes": message["bytes"][::-1]})
        self.events.append(f"{message['type']} {message['code']}")

    async def _echo(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b"".join([chunk async for chunk in _chunks(receive)])
        await _respond(send, f"{scope['method']} {scope['state']['word']} {body.decode()}".encode())

    async def _digest(self, scope: Scope, receive: Receive, send: Send) -> None:
        digest = hashlib.sha256()
        async for chunk in _chunks(receive):
            digest.update(chunk)
        await _respond(send, digest.hexdigest().encode())

    async def _download(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _respond(send, *(_BODY[start : start + _CHUNK] for start in range(0, len(_BODY), _CHUNK)))

    async def _slow(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.release.wait()
        await self._download(scope, receive, send)

    async def _abandoned(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "http.request"
        self.events.append((await receive())["type"])

    async def _failure(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise LookupError("the application fails")


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        yield message["body"]
        more = message["more_body"]


async def _respond(send: Send, *chunks: bytes) -> None:
    length = str(sum(map(len, chunks))).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@contextlib.asynccontextmanager
async def _serving(security: Security, app: _App, **options: Any) -> AsyncIterator[tuple[uvicorn.Server, int]]:
    """A server of `app` in a task of its own, and its port; it is stopped at the end of the block."""

    def contexts(config: object, default: object) -> ssl.SSLContext:
        assert security.server is not None
        return security.server

    config = uvicorn.Config(
        app,
        **{"port": 0, "http": "httptools", "lifespan": "on", "log_config": None, "access_log": False, **options},
        ssl_context_factory=contexts if security.server else None,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            assert not task.done()
            await asyncio.sleep(0.001)
        assert config.http_protocol_class.__name__ == "HttpToolsProtocol"
        yield server, server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def _session(security: Security, port: int) -> AsyncIterator[aiohttp.ClientSession]:
    address = f"{security.scheme('http')}://{_HOST}:{port}"
    connector = aiohttp.TCPConnector(ssl=security.client or True)
    async with aiohttp.ClientSession(address, connector=connector) as session:
        yield session


def test_requests_are_answered_and_the_lifespan_is_kept(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    async def main() -> list[str]:
        app = _App()
        async with _serving(security, app) as (server, port), _session(security, port) as session:

            async def post(number: int) -> str:
                async with session.post("/echo", data="x" * number * 100) as response:
                    return await response.text()

            answers = await asyncio.gather(*(post(number) for number in range(100)))
            assert answers == [f"POST of the lifespan {'x' * number * 100}" for number in range(100)]
            async with session.get("/echo") as response:
                assert await response.text() == "GET of the lifespan "
            assert server.server_state.total_requests == 101
        return app.events

    assert run(loop, main()) == ["startup", "shutdown"]


def test_pipelined_requests_are_answered_in_order(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    async def main() -> None:
        async with _serving(security, _App()) as (_, port):
            reader, writer = await asyncio.open_connection(_HOST, port, ssl=security.client)
            for number in range(100):
                body = f"request {number}"
                writer.write(f"POST /echo HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
            for number in range(100):
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200 OK\r\n")
                body = f"POST of the lifespan request {number}"
                assert f"content-length: {len(body)}\r\n".encode() in head
                assert await reader.readexactly(len(body)) == body.encode()
            writer.close()
            await writer.wait_closed()

    run(loop, main())


def test_megabytes_are_streamed_up_and_down(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(_BODY), _CHUNK):
            yield _BODY[start : start + _CHUNK]

    async def main() -> None:
        async with _serving(security, _App()) as (_, port), _session(security, port) as session:

            async def upload() -> None:
                async with session.post("/digest", data=pieces(), expect100=True) as response:
                    assert await response.text() == hashlib.sha256(_BODY).hexdigest()

            async def download() -> None:
                async with session.get("/download") as response:
                    assert await response.read() == _BODY

            await asyncio.gather(upload(), download(), upload(), download())

    run(loop, main())


def test_websockets_converse(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    app = _App()

    async def talk(address: str, number: int) -> None:
        async with connect(address, ssl=security.client, **_CLIENT) as client:
            for step in range(20):
                await client.send(f"word {number} {step}")
                assert await client.recv() == f"WORD {number} {step}"
            assert 0 <= await (await client.ping()) < HANG_SECONDS

    async def main() -> None:
        async with _serving(security, app, ws="websockets-sansio", ws_max_size=len(_BODY)) as (_, port):
            address = f"{security.scheme('ws')}://{_HOST}:{port}/"
            await asyncio.gather(*(talk(address, number) for number in range(10)))
            async with connect(address, ssl=security.client, **_CLIENT) as client:
                await client.send(_BODY)
                assert await client.recv() == _BODY[::-1]
                await client.send("leave")
                with pytest.raises(ConnectionClosedError) as raised:
                    await client.recv()
                assert raised.value.rcvd is not None
                assert (raised.value.rcvd.code, raised.value.rcvd.reason) == (4001, "as you wish")

    run(loop, main())
    talks = ["websocket.disconnect 1000"] * 10
    assert app.events == ["startup", *talks, "websocket.disconnect 4001", "shutdown"]


def test_what_goes_wrong_stays_with_its_request(loop: asyncio.AbstractEventLoop, security: Security) -> None:
    async def main() -> list[str]:
        app = _App()
        async with _serving(security, app) as (_, port), _session(security, port) as session:
            async with session.get("/failure") as response:
                assert (response.status, await response.text()) == (500, "Internal Server Error")
            app.entered.clear()
            app.left.clear()
            task = asyncio.ensure_future(session.get("/abandoned"))
            await app.entered.wait()
            task.cancel()
            await app.left.wait()
            async with session.get("/echo") as response:
                assert response.status == 200
            reader, writer = await asyncio.open_connection(_HOST, port, ssl=security.client)
            writer.write(b"this is not HTTP\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 400 Bad Request\r\n")
            writer.close()
            await writer.wait_closed()
        return app.events

    assert run(loop, main()) == ["startup", "LookupError", "http.disconnect", "shutdown"]


def test_requests_in_flight_are_completed_before_the_server_stops(
    loop: asyncio.AbstractEventLoop, security: Security
) -> None:
    async def main() -> list[str]:
        app = _App()
        async with _serving(security, app) as (server, port), _session(security, port) as session:

            async def get() -> bytes:
                async with session.get("/slow") as response:
                    return await response.read()

            tasks = [asyncio.create_task(get()) for _ in range(5)]
            while len(server.server_state.tasks) < len(tasks):
                await asyncio.sleep(0.001)
            server.should_exit = True
            while server.servers[0].sockets:
                await asyncio.sleep(0.001)
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get("/echo")
            assert app.events == ["startup"]
            app.release.set()
            assert all([await task == _BODY for task in tasks])
        return app.events

    assert run(loop, main()) == ["startup", "shutdown"]


def test_requests_that_do_not_end_are_cancelled_after_a_time(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> list[str]:
        app = _App()
        plain = Security(None, None)
        async with (
            _serving(plain, app, timeout_graceful_shutdown=1) as (server, port),
            _session(plain, port) as session,
        ):
            task = asyncio.ensure_future(session.get("/slow"))
            await app.entered.wait()
            server.should_exit = True
            with contextlib.suppress(aiohttp.ClientError):
                assert (await task).status == 500
        return app.events

    assert run(loop, main()) == ["startup", "CancelledError", "shutdown"]


_PROGRAM: Final = (
    LIFESPAN
    + """
import asyncio
import os

import pyloop

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    print("request", flush=True)
    await asyncio.sleep(0.5)
    loop = asyncio.get_running_loop()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"{type(loop) is pyloop.EventLoop}".encode()})
"""
)


@contextlib.contextmanager
def _command(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """The command that serves the program through TLS, and its log."""
    (folder / "program.py").write_text(_PROGRAM)
    files = server_files(folder)
    command = [sys.executable, "-m", "uvicorn", "program:app", "--loop", "pyloop:new_event_loop", "--http", "httptools"]
    command += ["--port", "0", "--ssl-keyfile", str(files.key), "--ssl-certfile", str(files.certificate), *options]
    with started(command, folder) as running:
        yield running


@pytest.mark.parametrize("workers", [1, 2])
def test_the_command_completes_requests_in_flight_when_it_is_terminated(
    loop: asyncio.AbstractEventLoop, workers: int, tmp_path: Path
) -> None:
    async def get(port: int) -> str:
        async with _session(security_of("TLS"), port) as session, session.get("/") as response:
            return await response.text()

    async def main(process: subprocess.Popen[bytes], log: Path) -> str:
        port = (await logged(process, log, r"running on https://127\.0\.0\.1:(\d+)"))[1]
        await logged(process, log, "(?s)" + ".*startup complete" * workers)
        task = asyncio.create_task(get(int(port)))
        await logged(process, log, "(?m)^request$")
        process.terminate()
        return await task

    with _command(tmp_path, "--workers", str(workers)) as (process, log):
        assert run(loop, main(process, log)) == "True"
        status = process.wait(HANG_SECONDS)
    text = log.read_text()
    assert text.count("lifespan.shutdown") == workers, text
    assert "Traceback" not in text
    assert status == (-signal.SIGTERM if workers == 1 else 0), text
