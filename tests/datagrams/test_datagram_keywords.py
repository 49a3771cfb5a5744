"""Keywords of create_datagram_endpoint: what each makes of the socket, and what does not go together."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from support.streams import assert_same_course, closed


@pytest.mark.parametrize(
    "options",
    [
        {"local_addr": ("127.0.0.1", 0)},
        {"local_addr": ("127.0.0.1", 0), "remote_addr": ("127.0.0.1", 9)},
        {"local_addr": ("127.0.0.1", 0), "allow_broadcast": True, "reuse_port": True},
        {"family": socket.AF_INET, "proto": socket.IPPROTO_UDP},
        {"local_addr": ("127.0.0.1", 0), "flags": socket.AI_PASSIVE | socket.AI_NUMERICHOST},
        {"local_addr": ("localhost", 0), "flags": socket.AI_NUMERICHOST},
        {"local_addr": ("127.0.0.1", 0), "family": socket.AF_INET6},
        {"local_addr": ("127.0.0.1", 0), "proto": socket.IPPROTO_TCP},
        {"local_addr": ("127.0.0.1", 0), "reuse_address": True},
        {"local_addr": ("127.0.0.1", 0), "reuse_address": False},
        {"allow_broadcast": True},
        {"local_addr": "nothing", "family": socket.AF_INET},
    ],
    ids=str,
)
def test_datagram_endpoints(options: dict[str, Any]) -> None:
    """What each is bound and connected to, and the options of its socket; or how it is refused."""

    async def scenario() -> object:
        loop: Any = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, **options)
        except Exception as error:
            return type(error).__name__, str(error)
        sock = transport.get_extra_info("socket")
        flags = [
            bool(sock.getsockopt(socket.SOL_SOCKET, name))
            for name in (socket.SO_BROADCAST, socket.SO_REUSEADDR, socket.SO_REUSEPORT)
        ]
        names = sock.family, sock.proto, sock.getsockname()[0], transport.get_extra_info("peername")
        transport.close()
        await closed(transport)
        return names, flags

    assert_same_course(scenario)


@pytest.mark.parametrize("option", [None, "local_addr", "remote_addr", "family", "proto", "flags", "reuse_port"])
def test_a_datagram_socket_of_the_caller(option: str | None) -> None:
    """It comes with its options: none may be given besides."""

    async def scenario() -> object:
        loop: Any = asyncio.get_running_loop()
        with socket.socket(type=socket.SOCK_DGRAM) as own:
            own.bind(("127.0.0.1", 0))
            options = {} if option is None else {option: ("127.0.0.1", 1) if option.endswith("addr") else 1}
            try:
                transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, sock=own, **options)
            except ValueError as error:
                return str(error)
            same = transport.get_extra_info("sockname") == own.getsockname(), own.getblocking()
            transport.close()
            await closed(transport)
            return same

    assert_same_course(scenario)
