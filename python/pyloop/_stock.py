"""The parts of asyncio that PyLoop builds on, private ones included; ``_stock.pyi`` says which and what they are.

Besides these names the package uses private methods and attributes of asyncio's objects. If a version of Python lacks
one of them, a test fails, because that version's own asyncio tests run on PyLoop.
"""

import asyncio.events
import inspect
import socket
import sys
from asyncio import SelectorEventLoop, base_events, constants, format_helpers, futures, sslproto, tasks
from asyncio.base_events import Server
from asyncio.base_subprocess import WriteSubprocessPipeProto
from asyncio.log import logger
from asyncio.selector_events import _SelectorDatagramTransport as SelectorDatagramTransport
from asyncio.selector_events import _SelectorSocketTransport as SelectorSocketTransport
from asyncio.sslproto import SSLProtocol
from asyncio.transports import _FlowControlMixin as FlowControlMixin
from asyncio.trsock import TransportSocket

# They are to go with 3.16.
HAS_POLICIES = hasattr(asyncio.events, "get_event_loop_policy")

if sys.platform == "win32":
    # There only importing the package works; what makes a loop says so.
    DefaultEventLoopPolicy = object
    UnixSubprocessTransport = asyncio.SubprocessTransport
    SENDFILE_ALWAYS_MOVES = True
else:
    from asyncio import unix_events
    from asyncio.unix_events import _UnixSubprocessTransport as UnixSubprocessTransport

    DefaultEventLoopPolicy = unix_events._UnixDefaultEventLoopPolicy if HAS_POLICIES else object

    # Before 3.15 the position of a file of which nothing was sent stays.
    SENDFILE_ALWAYS_MOVES = SelectorEventLoop._sock_sendfile_update_filepos.__code__.co_argcount == 3

# From 3.14 on the public function warns that policies will go; whoever calls pyloop.install() did not ask for that.
_underscore = "_" if hasattr(asyncio.events, "_get_event_loop_policy") else ""
get_event_loop_policy = getattr(asyncio.events, f"{_underscore}get_event_loop_policy", None)
set_event_loop_policy = getattr(asyncio.events, f"{_underscore}set_event_loop_policy", None)

# Newer releases hand on whatever options they are given, be there some of its own besides (late 3.13) or not (3.14).
TASKS_TAKE_ANY_OPTION = bool(base_events.BaseEventLoop.create_task.__code__.co_flags & inspect.CO_VARKEYWORDS)

# Of sockets whose addresses asyncio resolves.
INTERNET_FAMILIES = frozenset({socket.AF_INET, socket.AF_INET6} if base_events._HAS_IPv6 else {socket.AF_INET})

__all__ = [
    "HAS_POLICIES",
    "INTERNET_FAMILIES",
    "SENDFILE_ALWAYS_MOVES",
    "TASKS_TAKE_ANY_OPTION",
    "DefaultEventLoopPolicy",
    "FlowControlMixin",
    "SSLProtocol",
    "SelectorDatagramTransport",
    "SelectorEventLoop",
    "SelectorSocketTransport",
    "Server",
    "TransportSocket",
    "UnixSubprocessTransport",
    "WriteSubprocessPipeProto",
    "base_events",
    "constants",
    "format_helpers",
    "futures",
    "get_event_loop_policy",
    "logger",
    "set_event_loop_policy",
    "sslproto",
    "tasks",
]
