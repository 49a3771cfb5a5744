"""The fields of a datagram transport that the engine reads. They are slots; the engine looks up where they lie.

The names are asyncio's, and asyncio's own code sets the fields. So both work on the same state.
"""

from __future__ import annotations

import asyncio

from pyloop._stock import SelectorDatagramTransport

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from collections import deque
    from contextvars import Context
    from typing import Any


class DatagramFields(SelectorDatagramTransport, asyncio.DatagramTransport):
    """asyncio's datagram transport; before 3.12 it is not one by its type."""

    __slots__ = ("_address", "_buffer", "_conn_lost", "_protocol", "_read_context", "_sock")

    _address: Any
    _buffer: deque[tuple[bytes, Any]]
    _conn_lost: int
    _protocol: asyncio.DatagramProtocol
    _read_context: Context
    _sock: Any
