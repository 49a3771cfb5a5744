"""The pipe through which signals reach a sleeping loop."""

from __future__ import annotations

import os

_CLOSED = -1


class PipeEnd:
    """One end of a non-blocking pipe, with as much of a socket's interface as inherited code uses.

    asyncio has a pair of sockets here, in which there is room for some 280 signals, each a byte; those that come when
    it is full are lost. A pipe holds 65,536. It owns its descriptor.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        """Return the descriptor, -1 once closed."""
        return self._descriptor

    def recv(self, size: int) -> bytes:
        """Read up to ``size`` bytes.

        Raises:
            BlockingIOError: there are none.
        """
        return os.read(self._descriptor, size)

    def close(self) -> None:
        """Close the descriptor, once."""
        descriptor, self._descriptor = self._descriptor, _CLOSED
        if descriptor != _CLOSED:
            os.close(descriptor)


def make_pipe() -> tuple[PipeEnd, PipeEnd]:
    """Return the end to read from and the end to write to.

    Raises:
        OSError: descriptors are exhausted.
    """
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    return PipeEnd(reader), PipeEnd(writer)


def renew_pipe(reader: PipeEnd, writer: PipeEnd) -> None:
    """Put another pipe under the numbers of the one that both are ends of, which other processes may go on using.

    Raises:
        OSError: descriptors are exhausted.
    """
    other = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        for end, descriptor in zip((reader, writer), other, strict=True):
            os.dup2(descriptor, end.fileno(), inheritable=False)
    finally:
        for descriptor in other:
            os.close(descriptor)
