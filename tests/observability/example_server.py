"""Serves one of the examples with aiohttp or uvicorn, asks it for its metrics as Prometheus does, and prints them."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import urllib.request
from pathlib import Path

import pyloop

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "observability"))


async def aiohttp_server(listener: socket.socket) -> None:
    """Serve the example with aiohttp until it was asked once."""
    import aiohttp_app  # noqa: PLC0415 - one of two
    from aiohttp import web  # noqa: PLC0415 - as above

    runner = web.AppRunner(aiohttp_app.make_app())
    await runner.setup()
    await web.SockSite(runner, listener).start()
    await asyncio.to_thread(ask, listener)
    await runner.cleanup()


async def uvicorn_server(listener: socket.socket) -> None:
    """Serve the example with uvicorn until it was asked once."""
    import uvicorn  # noqa: PLC0415 - one of two
    import uvicorn_app  # noqa: PLC0415 - as above

    server = uvicorn.Server(uvicorn.Config(uvicorn_app.app, log_level="warning", lifespan="off"))

    def ask_and_end() -> None:
        ask(listener)
        server.should_exit = True

    asking = threading.Thread(target=ask_and_end)
    asking.start()
    await server.serve(sockets=[listener])
    asking.join()


def ask(listener: socket.socket) -> None:
    """Print what the server answers."""
    host, port = listener.getsockname()
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=30) as answer:
        print(answer.read().decode())


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as listening:
        pyloop.run({"aiohttp": aiohttp_server, "uvicorn": uvicorn_server}[sys.argv[1]](listening))
