"""Which system calls fail, and with what: the errors that Linux documents for them, by its manual pages."""

from __future__ import annotations

from errno import (
    EADDRINUSE,
    EAGAIN,
    ECONNABORTED,
    ECONNREFUSED,
    ECONNRESET,
    EHOSTUNREACH,
    EINTR,
    EINVAL,
    EIO,
    EMFILE,
    EMSGSIZE,
    ENFILE,
    ENOBUFS,
    ENOMEM,
    ENOPROTOOPT,
    ENOSPC,
    ENOSYS,
    ENOTCONN,
    EPERM,
    EPIPE,
    EPROTO,
    ETIMEDOUT,
)
from typing import Final

SHORT: Final = 0
"""No error: the transfer comes short."""

UNNOTICED: Final = frozenset({SHORT, EINTR, EAGAIN})
"""What a program must not notice."""

NEVER_NOTICED: Final = frozenset({"epoll_pwait2"})
"""Calls for which there is another."""

_RECEIVING: Final = (SHORT, EINTR, EAGAIN, ECONNRESET, ETIMEDOUT, ECONNREFUSED, EHOSTUNREACH, ENOMEM)
_SENDING: Final = (SHORT, EINTR, EAGAIN, ECONNRESET, EPIPE, ENOBUFS, ENOMEM, EHOSTUNREACH, EPERM)
_MAKING: Final = (EMFILE, ENFILE, ENOMEM)
_ASKING: Final = (ENOBUFS, ENOTCONN)

ERRORS: Final[dict[str, tuple[int, ...]]] = {
    "read": (SHORT, EINTR, EAGAIN, EIO),
    "write": (SHORT, EINTR, EAGAIN, EPIPE, EIO, ENOSPC),
    "writev": (SHORT, EINTR, EAGAIN, EPIPE, EIO),
    "close": (EINTR, EIO),
    "recv": _RECEIVING,
    "recvfrom": _RECEIVING[1:],
    "recvmmsg": _RECEIVING,
    "send": _SENDING,
    "sendto": (*_SENDING[1:], EMSGSIZE),
    "sendmsg": _SENDING,
    "sendmmsg": (*_SENDING, EMSGSIZE),
    "accept4": (EINTR, EAGAIN, ECONNABORTED, EPROTO, EPERM, EHOSTUNREACH, *_MAKING, ENOBUFS),
    "shutdown": (ENOTCONN, ENOBUFS),
    "setsockopt": (ENOPROTOOPT, ENOMEM, EINVAL),
    "getsockopt": (ENOBUFS,),
    "getsockname": _ASKING,
    "getpeername": _ASKING,
    "socket": (*_MAKING, ENOBUFS),
    "socketpair": _MAKING,
    "bind": (EADDRINUSE, ENOMEM),
    "listen": (EADDRINUSE,),
    "connect": (ECONNREFUSED, ETIMEDOUT),
    "pipe2": _MAKING,
    "eventfd": _MAKING,
    "epoll_create1": _MAKING,
    "epoll_ctl": (ENOMEM, ENOSPC),
    "epoll_wait": (EINTR,),
    # What kernels before 5.11 answer, and filters of containers that do not know the call.
    "epoll_pwait2": (EINTR, ENOSYS, EPERM),
    "sendfile": (SHORT, EINTR, EAGAIN, EIO, ENOMEM, EINVAL, ECONNRESET, EPIPE),
    "sendfile64": (SHORT, EINTR, EAGAIN, EIO, ENOMEM, EINVAL, ECONNRESET, EPIPE),
    "pidfd_open": (*_MAKING, ENOSYS, EPERM),
    # Seconds that the clock jumps.
    "clock_gettime": (1, -1),
}
