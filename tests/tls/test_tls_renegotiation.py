"""A TLS 1.2 client that asks for another handshake in the middle of a connection does not get it."""

from __future__ import annotations

import asyncio
import shutil
import ssl
from asyncio.subprocess import PIPE, STDOUT
from typing import Final

import pytest

from support.certificates import server_context
from support.programs import HANG_SECONDS
from support.servers import Service, echo
from support.streams import assert_same_course

_RENEGOTIATE: Final = b"R\n"


def _openssl() -> str:
    return shutil.which("openssl") or pytest.fail("this test needs the command openssl: apt-get install openssl")


def test_renegotiation_is_refused() -> None:
    """Python's own clients cannot ask for it; OpenSSL's does when it reads a line with an R."""
    program = _openssl()

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        context = server_context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        service = Service(data_received=echo)
        server = await loop.create_server(service, "127.0.0.1", 0, ssl=context)
        _, port = server.sockets[0].getsockname()
        client = await asyncio.create_subprocess_exec(
            *(program, "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_2"), stdin=PIPE, stdout=PIPE, stderr=STDOUT
        )
        assert client.stdin is not None
        assert client.stdout is not None
        async with asyncio.timeout(HANG_SECONDS):
            await service.until_made(1)
            protocol = service.protocols[0]
            client.stdin.write(b"hello\n")
            await protocol.until_received(6)
            await client.stdout.readuntil(b"hello\n")
            client.stdin.write(_RENEGOTIATE)
            said = await client.stdout.read()
            code = await client.wait()
            await protocol.until_lost()
        server.close()
        await service.end()
        assert b"no renegotiation" in said, said.decode()
        return code, bytes(protocol.data), protocol.events, [type(loss).__name__ for loss in protocol.losses]

    assert "b'hello\\n'" in assert_same_course(scenario)
