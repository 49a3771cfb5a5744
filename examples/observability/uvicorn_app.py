"""A server on uvicorn that tells Prometheus at /metrics how its event loop does, and logs what holds it up.

Run it with `PYLOOP_SLOW_CALLBACK=0.05 PYLOOP_STALL=1 python -m pyloop -m uvicorn --app-dir examples/observability
uvicorn_app:app`; needs `pyloop-asyncio[prometheus]` and `uvicorn`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pyloop.prometheus


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Answer a request: an ASGI application."""
    if scope["type"] != "http":
        return
    if scope["path"] == "/metrics":
        body, kind = pyloop.prometheus.text().encode(), pyloop.prometheus.CONTENT_TYPE
    else:
        await asyncio.sleep(0.001)
        body, kind = b"Hello\n", "text/plain"
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
