"""The parts of asyncio that PyLoop builds on, private ones included; ``_stock.pyi`` says which and what they are.

They are used in ``_loop``, ``_sockets``, ``_names``, ``_callbacks``, ``_policy`` and ``_fork`` only. Where a version of
Python no longer has one, a test fails, for that version's own asyncio tests run on PyLoop.
"""

import asyncio.events
import socket
import sys
from asyncio import SelectorEventLoop, base_events, constants, format_helpers, futures, sslproto
from asyncio.base_events import Server
from asyncio.log import logger
from asyncio.selector_events import _SelectorDatagramTransport as SelectorDatagramTransport
from asyncio.selector_events import _SelectorSocketTransport as SelectorSocketTransport
from asyncio.transports import _FlowControlMixin as FlowControlMixin
from asyncio.trsock import TransportSocket

if sys.platform == "win32":
    # There only importing the package works; what makes a loop says so.
    DefaultEventLoopPolicy = asyncio.events.AbstractEventLoopPolicy
else:
    from asyncio.unix_events import _UnixDefaultEventLoopPolicy as DefaultEventLoopPolicy

# From 3.14 on the public function warns that policies will go; whoever calls pyloop.install() did not ask for that.
set_event_loop_policy = getattr(asyncio.events, "_set_event_loop_policy", None) or asyncio.set_event_loop_policy

# Of sockets whose addresses asyncio resolves.
INTERNET_FAMILIES = frozenset({socket.AF_INET, socket.AF_INET6} if base_events._HAS_IPv6 else {socket.AF_INET})

__all__ = [
    "INTERNET_FAMILIES",
    "DefaultEventLoopPolicy",
    "FlowControlMixin",
    "SelectorDatagramTransport",
    "SelectorEventLoop",
    "SelectorSocketTransport",
    "Server",
    "TransportSocket",
    "base_events",
    "constants",
    "format_helpers",
    "futures",
    "logger",
    "set_event_loop_policy",
    "sslproto",
]
