"""Libraries that bring asyncio programs of their own take PyLoop's loop in the way each of them takes loops."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import anyio
import anyio.abc
import anyio.to_thread
import pytest
from aiohttp import web

import pyloop
from support.commands import BODY, LIFESPAN, told
from support.programs import HANG_SECONDS, program_environment, run_command

_ANYIO_OPTIONS = {"loop_factory": pyloop.new_event_loop}


def _is_pyloop(loop: asyncio.AbstractEventLoop) -> bool:
    return type(loop) is pyloop.EventLoop


def test_anyio_runs_on_a_pyloop_loop() -> None:
    async def main(argument: str) -> tuple[str, bool]:
        await anyio.sleep(0)
        return argument, _is_pyloop(asyncio.get_running_loop())

    assert anyio.run(main, "argument", backend="asyncio", backend_options=_ANYIO_OPTIONS) == ("argument", True)


def test_anyio_s_tasks_threads_and_cancellation_work() -> None:
    async def main() -> list[str]:
        events: list[str] = []

        async def wait_for_ever() -> None:
            try:
                await anyio.sleep_forever()
            finally:
                events.append("cancelled")

        async with anyio.create_task_group() as group:
            group.start_soon(wait_for_ever)
            events.append(await anyio.to_thread.run_sync(lambda: "thread"))
            events.append(await anyio.to_thread.run_sync(lambda: anyio.from_thread.run(_answer)))
            with anyio.move_on_after(0.001) as scope:
                await anyio.sleep_forever()
            events.append(f"moved on {scope.cancelled_caught}")
            group.cancel_scope.cancel()
        return events

    expected = ["thread", "answer", "moved on True", "cancelled"]
    assert anyio.run(main, backend="asyncio", backend_options=_ANYIO_OPTIONS) == expected


async def _answer() -> str:
    await anyio.sleep(0)
    return "answer"


def test_anyio_s_streams_and_processes_work() -> None:
    async def echo(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            async for chunk in stream:
                await stream.send(chunk.upper())

    async def main() -> list[bytes]:
        async with (
            await anyio.create_tcp_listener(local_host="127.0.0.1") as server,
            anyio.create_task_group() as group,
        ):
            group.start_soon(server.serve, echo)
            port = server.extra(anyio.abc.SocketAttribute.local_port)
            async with await anyio.connect_tcp("127.0.0.1", port) as stream:
                await stream.send(b"through a stream")
                received = await stream.receive()
            done = await anyio.run_process([sys.executable, "-c", "print(input()[::-1])"], input=b"ssecorp a hguorht\n")
            group.cancel_scope.cancel()
            return [received, done.stdout]
        raise AssertionError("cancelled from outside")

    received = anyio.run(main, backend="asyncio", backend_options=_ANYIO_OPTIONS)
    assert received == [b"THROUGH A STREAM", b"through a process\n"]


_PYTEST_TESTS = """
import asyncio
import pytest
import pytest_asyncio
import pyloop

def is_pyloop(loop):
    return type(loop) is pyloop.EventLoop

@pytest_asyncio.fixture
async def fixture():
    loop = asyncio.get_running_loop()
    await asyncio.sleep(0)
    yield loop
    assert asyncio.get_running_loop() is loop

@pytest.mark.asyncio
async def test_function(fixture):
    await asyncio.sleep(0.001)
    assert is_pyloop(asyncio.get_running_loop())
    assert fixture is asyncio.get_running_loop()

@pytest.mark.asyncio(loop_scope="class")
class TestSharing:
    loops = set()

    @pytest.mark.parametrize("number", [1, 2])
    async def test_method(self, number):
        assert is_pyloop(asyncio.get_running_loop())
        self.loops.add(asyncio.get_running_loop())
        assert len(self.loops) == 1

@pytest.mark.asyncio
async def test_failure():
    await asyncio.sleep(0)
    assert False, "a failing test fails"
"""

_PYTEST_CONFIGURATIONS = {
    "hook": """
import pyloop

def pytest_asyncio_loop_factories(config, item):
    return {"pyloop": pyloop.new_event_loop}
""",
    "policy fixture": """
import pytest, pyloop

@pytest.fixture(scope="session")
def event_loop_policy():
    return pyloop.EventLoopPolicy()
""",
    "installed": """
import pyloop
pyloop.install()
""",
}


@pytest.mark.parametrize("configuration", _PYTEST_CONFIGURATIONS.values(), ids=_PYTEST_CONFIGURATIONS.keys())
def test_pytest_asyncio_runs_tests_on_a_pyloop_loop(configuration: str, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(configuration)
    (tmp_path / "test_program.py").write_text(_PYTEST_TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    # looptime's plugin, which is installed for other tests, would put loops of its own in their place.
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:looptime_plugin"]
    done = run_command([sys.executable, "-m", "pytest", *options], cwd=tmp_path)
    assert "1 failed, 3 passed" in done.stdout, done.stdout + done.stderr
    assert "a failing test fails" in done.stdout


_ASGI_PROGRAM = (
    LIFESPAN
    + BODY
    + """
import asyncio

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    body = await body_of(receive)
    loop = asyncio.get_running_loop()
    text = f"{type(loop).__module__} {scope['method']} {scope['path']} {body.decode()}"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": text.encode()})
"""
)


@contextlib.contextmanager
def _uvicorn(folder: Path, *launcher: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server of the ASGI program, and its port, when it serves."""
    (folder / "program.py").write_text(_ASGI_PROGRAM)
    with subprocess.Popen(
        [sys.executable, *launcher, "program:app", "--port", "0", "--no-access-log"],
        cwd=folder,
        env=program_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            yield process, int(told(process.stderr, r"running on http://127\.0\.0\.1:(\d+)")[1])
        finally:
            if process.poll() is None:
                process.kill()


def _request(port: int, method: str, path: str, body: str = "") -> str:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=HANG_SECONDS)) as connection:
        connection.request(method, path, body)
        return connection.getresponse().read().decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
@pytest.mark.parametrize(
    "launcher",
    [["-m", "uvicorn", "--loop", "pyloop:new_event_loop"], ["-m", "pyloop", "-m", "uvicorn", "--loop", "asyncio"]],
    ids=["--loop", "-m pyloop"],
)
def test_uvicorn_serves_and_stops(launcher: list[str], number: signal.Signals, tmp_path: Path) -> None:
    with _uvicorn(tmp_path, *launcher) as (process, port):
        assert _request(port, "GET", "/first") == "pyloop._loop GET /first "
        assert _request(port, "POST", "/second", "x" * 200_000) == "pyloop._loop POST /second " + "x" * 200_000
        process.send_signal(number)
        shown, log = process.communicate(timeout=HANG_SECONDS)
    assert shown.splitlines() == ["lifespan.startup", "lifespan.shutdown"]
    assert "Finished server process" in log
    assert "Traceback" not in log
    assert process.returncode == _status_on_asyncio_s_loop(number, tmp_path)


def _status_on_asyncio_s_loop(number: signal.Signals, folder: Path) -> int:
    with _uvicorn(folder, "-m", "uvicorn", "--loop", "asyncio") as (process, _):
        process.send_signal(number)
        process.communicate(timeout=HANG_SECONDS)
    return process.returncode


def test_an_aiohttp_server_and_client_talk_in_one_program() -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.json_response({"path": request.path, "body": await request.text()})

    async def chunks(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for number in range(10):
            await response.write(b"%d" % number * 10_000)
        return response

    async def talk(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data.upper())
        return socket

    async def converse(session: aiohttp.ClientSession) -> None:
        async def post(number: int) -> object:
            async with session.post(f"/echo/{number}", data="x" * 10 * number) as response:
                return await response.json()

        answers = await asyncio.gather(*(post(number) for number in range(20)))
        assert answers == [{"path": f"/echo/{number}", "body": "x" * 10 * number} for number in range(20)]
        async with session.get("/chunks") as response:
            assert len(await response.read()) == 100_000
        async with session.ws_connect("/talk") as socket:
            await socket.send_str("word")
            assert await socket.receive_str() == "WORD"
        async with session.get("/missing") as response:
            assert response.status == 404

    async def main() -> bool:
        app = web.Application()
        app.add_routes([web.post("/echo/{number}", echo), web.get("/chunks", chunks), web.get("/talk", talk)])
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            _, port = runner.addresses[0]
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
                await converse(session)
        finally:
            await runner.cleanup()
        return _is_pyloop(asyncio.get_running_loop())

    assert pyloop.run(main())


def test_aiohttp_s_own_runner_serves_on_an_installed_loop(tmp_path: Path) -> None:
    program = """
        import asyncio, os, signal
        from aiohttp import ClientSession, web

        async def handle(request):
            return web.Response(text=type(asyncio.get_running_loop()).__module__)

        async def visit(app):
            async def stop():
                async with ClientSession() as session:
                    async with session.get(f"http://127.0.0.1:{port}/") as response:
                        print(await response.text(), flush=True)
                os.kill(os.getpid(), signal.SIGTERM)
            app["visitor"] = asyncio.create_task(stop())

        import socket
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        app = web.Application()
        app.router.add_get("/", handle)
        app.on_startup.append(visit)
        web.run_app(app, sock=listener, print=None)
    """
    (tmp_path / "program.py").write_text(textwrap.dedent(program))
    done = run_command([sys.executable, "-m", "pyloop", "program.py"], cwd=tmp_path)
    assert (done.stdout, done.returncode) == ("pyloop._loop\n", 0), done.stderr
