"""A server on aiohttp that tells Prometheus at /metrics how its event loop does.

Run it with `python -m pyloop examples/observability/aiohttp_app.py`; needs `pyloop-asyncio[prometheus]` and `aiohttp`.
"""

import asyncio

from aiohttp import web

import pyloop.prometheus


async def home(_: web.Request) -> web.Response:
    await asyncio.sleep(0.001)
    return web.Response(text="Hello\n")


async def metrics(_: web.Request) -> web.Response:
    return web.Response(
        body=pyloop.prometheus.text().encode(), headers={"Content-Type": pyloop.prometheus.CONTENT_TYPE}
    )


def make_app() -> web.Application:
    """Return the application."""
    app = web.Application()
    app.add_routes([web.get("/", home), web.get("/metrics", metrics)])
    return app


if __name__ == "__main__":
    web.run_app(make_app(), port=8080)
