"""The smallest ASGI application: it says which event loop it runs on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


async def app(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """Answer every request with the name of the loop's module."""
    if scope["type"] != "http":
        raise RuntimeError(f"{scope['type']} is not served here")  # which tells uvicorn so
    text = f"{type(asyncio.get_running_loop()).__module__}\n".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(text))]})
    await send({"type": "http.response.body", "body": text})
