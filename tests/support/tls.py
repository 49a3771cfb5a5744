"""TLS servers of the running loop, and clients of theirs."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from support.certificates import HOST, client_context, server_context
from support.protocols import AnyRecorder, Recorder
from support.servers import Service
from support.streams import closed


@asynccontextmanager
async def serving(service: Service, context: ssl.SSLContext | None = None) -> AsyncIterator[Any]:
    """The address of a TLS server of the running loop, which ends with the block."""
    server = await asyncio.get_running_loop().create_server(service, "127.0.0.1", 0, ssl=context or server_context())
    try:
        yield server.sockets[0].getsockname()
    finally:
        server.close()
        await service.end()


async def connect(
    address: Any, protocol: AnyRecorder, context: ssl.SSLContext | None = None, *, name: str = HOST, **options: Any
) -> asyncio.Transport:
    """A client's connection, which is the caller's to end."""
    transport, _ = await asyncio.get_running_loop().create_connection(
        lambda: protocol, *address, ssl=context or client_context(), server_hostname=name, **options
    )
    return transport


@asynccontextmanager
async def connected(
    service: Service,
    protocol: AnyRecorder | None = None,
    *,
    server: ssl.SSLContext | None = None,
    client: ssl.SSLContext | None = None,
    name: str = HOST,
    **options: Any,
) -> AsyncIterator[tuple[asyncio.Transport, AnyRecorder]]:
    """A client's connection to a TLS server of the running loop; both end with the block."""
    recorder = protocol or Recorder()
    async with serving(service, server) as address:
        transport = await connect(address, recorder, client, name=name, **options)
        try:
            yield transport, recorder
        finally:
            transport.abort()
            await closed(transport)
