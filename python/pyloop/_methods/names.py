"""Names and addresses. The loop answers at once what needs no looking up, and the rest in another thread, as asyncio.

The answers are the C library's own. For an address literal and a numeric port the C library asks nobody. So the loop
may call it, and keep the answer, which is the same for ever.
"""

from __future__ import annotations

import socket
import sys

from pyloop import _engine, _stock

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any

_MOST_ANSWERS = 1024
_NUMERIC_ONLY = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV

_answers: dict[Hashable, list[Any]] = {}
_type = type
# A program may have put others in their place.
_getaddrinfo, _getnameinfo = socket.getaddrinfo, socket.getnameinfo
_events = _stock.base_events
# What is equal to one of these without being of these types is no argument of the C library's.
_INTEGERS = frozenset({int, socket.AddressFamily, socket.SocketKind, socket.AddressInfo})


class NameMethods(_engine.EventLoop, _stock.SelectorEventLoop):
    """A part of the event loop class."""

    __slots__ = ()

    async def getaddrinfo(
        self,
        host: Any,
        port: Any,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - the keyword's name
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        """Return what ``socket.getaddrinfo`` does; at once if the host is an address and the port a number.

        Raises:
            OSError: the name is not known, or nobody could be asked.
        """
        if (
            not self._debug
            and _type(host) is str
            and _type(family) in _INTEGERS
            and _type(type) in _INTEGERS
            and _type(proto) in _INTEGERS
            and _type(flags) in _INTEGERS
            and _events.socket.getaddrinfo is _getaddrinfo
        ):
            question = (host, port, family, type, proto, flags)
            answer = _answers.get(question) if _type(port) is int else None
            if answer is None:
                answer = _answer_at_once(question)
            else:
                sys.audit("socket.getaddrinfo", host, port, family, type, proto)
            if answer is not None:
                return answer.copy()
        return await super().getaddrinfo(host, port, family=family, type=type, proto=proto, flags=flags)

    async def getnameinfo(self, sockaddr: Any, flags: int = 0) -> tuple[str, str]:
        """Return what ``socket.getnameinfo`` does; at once if the flags ask for numbers only.

        Raises:
            OSError: the address is none, or nobody could be asked.
        """
        if (
            _type(flags) is int
            and flags & _NUMERIC_ONLY == _NUMERIC_ONLY
            and _events.socket.getnameinfo is _getnameinfo
        ):
            return socket.getnameinfo(sockaddr, flags)
        return await super().getnameinfo(sockaddr, flags)


def _answer_at_once(question: tuple[Any, ...]) -> list[Any] | None:
    """Return the C library's answer to a question that it answers by itself, otherwise None."""
    host, port, family, kind, proto, flags = question
    address, _, zone = host.partition("%")
    # The flag has the library look at the interfaces that there are now.
    if not _is_address(address) or not _is_number(port) or flags & socket.AI_ADDRCONFIG:
        return None
    try:
        answer = _getaddrinfo(host, port, family, kind, proto, flags | socket.AI_NUMERICHOST)
    except (OSError, ValueError, OverflowError):
        return None  # to fail in the words of the usual way
    if not zone and _type(port) is int:
        # Interfaces may change their numbers.
        if len(_answers) >= _MOST_ANSWERS:
            _answers.clear()
        _answers[question] = answer
    return answer


def _is_number(port: Any) -> bool:
    if _type(port) is str:
        return bool(port.isascii() and port.isdigit())
    return port is None or _type(port) is int


def _is_address(text: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        return True
    return False
