"""The ways in which a loop receives from a plain socket."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import pytest

DATA: Final = b"some bytes"

Receiver: TypeAlias = Callable[[Any, socket.socket], Awaitable[object]]


async def _into(loop: Any, end: socket.socket) -> object:
    buffer = bytearray(50)
    count = await loop.sock_recv_into(end, buffer)
    return count, bytes(buffer[:count])


async def _from_into(loop: Any, end: socket.socket) -> object:
    buffer = bytearray(50)
    count, address = await loop.sock_recvfrom_into(end, buffer)
    return count, address, bytes(buffer[:count])


async def _from_into_limited(loop: Any, end: socket.socket) -> object:
    buffer = bytearray(50)
    count, address = await loop.sock_recvfrom_into(end, buffer, 4)
    return count, address, bytes(buffer[:count])


RECEIVERS: Final[dict[str, Receiver]] = {
    "sock_recv": lambda loop, end: loop.sock_recv(end, 50),
    "sock_recv_into": _into,
    "sock_recvfrom": lambda loop, end: loop.sock_recvfrom(end, 50),
    "sock_recvfrom_into": _from_into,
    "sock_recvfrom_into, limited": _from_into_limited,
}

receivers = pytest.mark.parametrize("receiver", RECEIVERS.values(), ids=list(RECEIVERS))
