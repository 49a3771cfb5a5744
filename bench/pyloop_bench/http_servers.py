"""HTTP servers that answer every request with the same few bytes."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from aiohttp import web


async def start_uvicorn(host: str, port: int, backlog: int, body: bytes) -> object:
    """Start uvicorn on the running loop; every response has `body`."""
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]

    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    config = uvicorn.Config(
        application,
        host=host,
        port=port,
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        backlog=backlog,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    return serving


async def start_aiohttp(host: str, port: int, backlog: int, body: bytes) -> object:
    """Start aiohttp's server on the running loop; every response has `body`."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="text/plain")

    application = web.Application()
    application.router.add_get("/", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port, backlog=backlog).start()
    return runner
