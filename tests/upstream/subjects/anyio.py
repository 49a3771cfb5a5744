"""anyio's suite, as far as it runs on asyncio: trio is not installed."""

from __future__ import annotations

import socket

from upstream.subject import Subject


def _has_ipv6() -> bool:
    try:
        socket.getaddrinfo("localhost", None, socket.AF_INET6)
    except OSError:
        return False
    return True


# Where "localhost" has no such address its tests fail, and the sockets that they leave behind fail others.
_OPTIONS = () if _has_ipv6() else ("-k", "not ipv6 and not dualstack and not multi")

SUBJECT = Subject("anyio", options=_OPTIONS, shadows="src")
