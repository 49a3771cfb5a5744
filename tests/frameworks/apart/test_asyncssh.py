"""asyncssh's server and client on one PyLoop loop: sessions, a forwarded port, and a wrong key."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Any, Final

import asyncssh
import pytest

from support.streams import run

_HOST: Final = "127.0.0.1"
_BODY: Final = random.Random(1).randbytes(1_000_000).hex()


async def _serve_session(process: Any) -> None:
    """Gives back what comes, and how much it was as the exit status."""
    received = await process.stdin.read()
    process.stdout.write(received)
    process.exit(len(received) % 100)


@contextlib.asynccontextmanager
async def _server(key: Any) -> AsyncIterator[dict[str, Any]]:
    """A server that lets one key in; gives how to connect to it."""
    authorized = asyncssh.import_authorized_keys(key.export_public_key().decode())
    async with await asyncssh.listen(
        _HOST,
        0,
        server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
        authorized_client_keys=authorized,
        process_factory=_serve_session,
        server_factory=_Server,
    ) as server:
        yield {"host": _HOST, "port": server.get_port(), "known_hosts": None, "config": None, "username": "someone"}


class _Server(asyncssh.SSHServer):  # type: ignore[misc]
    """A server that forwards ports."""

    def connection_requested(self, *_: Any) -> bool:
        return True


def _key() -> Any:
    return asyncssh.generate_private_key("ssh-ed25519")


def test_sessions_share_a_connection(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> list[tuple[str, int]]:
        key = _key()
        async with _server(key) as options, asyncssh.connect(**options, client_keys=[key]) as client:
            done = await asyncio.gather(*(client.run(input=_BODY[: number * 100_003]) for number in range(1, 9)))
            return [(one.stdout, one.exit_status) for one in done]

    expected = [_BODY[: number * 100_003] for number in range(1, 9)]
    assert run(loop, main()) == [(text, len(text) % 100) for text in expected]


def test_a_port_is_forwarded(loop: asyncio.AbstractEventLoop) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read())
        writer.close()

    async def main() -> bytes:
        key = _key()
        async with (
            await asyncio.start_server(echo, _HOST, 0) as target,
            _server(key) as options,
            asyncssh.connect(**options, client_keys=[key]) as client,
        ):
            port = target.sockets[0].getsockname()[1]
            listener = await client.forward_local_port(_HOST, 0, _HOST, port)
            reader, writer = await asyncio.open_connection(_HOST, listener.get_port())
            writer.write(_BODY.encode())
            writer.write_eof()
            received = await reader.read()
            writer.close()
            await writer.wait_closed()
            listener.close()
            return received

    assert run(loop, main()) == _BODY.encode()


def test_a_wrong_key_is_refused(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        async with _server(_key()) as options:
            with pytest.raises(asyncssh.PermissionDenied):
                await asyncssh.connect(**options, client_keys=[_key()])

    run(loop, main())
