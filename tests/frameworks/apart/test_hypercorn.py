"""Hypercorn on a PyLoop loop, and as a command on one."""

from __future__ import annotations

import asyncio
import http.client
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import hypercorn.asyncio
import hypercorn.config

from support.commands import BODY, LIFESPAN
from support.programs import HANG_SECONDS, program_environment
from support.streams import run

_HOST: Final = "127.0.0.1"

_PROGRAM: Final = (
    LIFESPAN
    + BODY
    + """
import asyncio

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    body = await body_of(receive)
    text = f"{type(asyncio.get_running_loop()).__module__} {scope['path']} {len(body)}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(text))]})
    await send({"type": "http.response.body", "body": text})
"""
)


def _program() -> Any:
    names: dict[str, Any] = {}
    exec(_PROGRAM, names)
    return names["app"]


def _ask(port: int, path: str, body: bytes) -> str:
    connection = http.client.HTTPConnection(_HOST, port, timeout=HANG_SECONDS)
    try:
        connection.request("POST", path, body)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_it_serves_until_it_is_told_to_stop(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> list[str]:
        config = hypercorn.config.Config()
        config.errorlog = None
        with socket.create_server((_HOST, 0)) as listener:
            config.bind = [f"fd://{listener.detach()}"]
        sockets = config.create_sockets()
        config.create_sockets = lambda: sockets
        port = sockets.insecure_sockets[0].getsockname()[1]
        stop = asyncio.Event()
        serving = asyncio.ensure_future(hypercorn.asyncio.serve(_program(), config, shutdown_trigger=stop.wait))
        calls = (asyncio.to_thread(_ask, port, f"/{number}", b"x" * number * 10_000) for number in range(20))
        answers = await asyncio.gather(*calls)
        stop.set()
        await serving
        return list(answers)

    assert run(loop, main()) == [f"pyloop._loop /{number} {number * 10_000}" for number in range(20)]


def test_the_command_serves_and_stops(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(_PROGRAM)
    with socket.create_server((_HOST, 0)) as listener:
        port = listener.getsockname()[1]
        listener.set_inheritable(True)
        with subprocess.Popen(
            [
                *(sys.executable, "-m", "pyloop", "-m", "hypercorn", "program:app", "--workers", "0"),
                *("--bind", f"fd://{listener.fileno()}"),
            ],
            cwd=tmp_path,
            env=program_environment(),
            pass_fds=[listener.fileno()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                # The socket listens already: a request that is too early waits.
                assert _ask(port, "/command", b"x" * 100_000) == "pyloop._loop /command 100000"
                process.send_signal(signal.SIGTERM)
                shown, log = process.communicate(timeout=HANG_SECONDS)
            finally:
                process.kill()
    assert shown.splitlines() == ["lifespan.startup", "lifespan.shutdown"]
    assert "Traceback" not in log
    assert process.returncode == 0, log
