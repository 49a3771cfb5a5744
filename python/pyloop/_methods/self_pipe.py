"""The pipe through which signals reach a sleeping loop."""

from __future__ import annotations

import os

_CLOSED = -1


class PipeEnd:
    """One end of the loop's self-pipe, with as much of a socket's interface as inherited code uses.

    asyncio has a pair of sockets here, in which there is room for some 280 signals, each a byte; those that come when
    it is full are lost. A pipe holds 65,536. The engine owns the descriptor, and closes it right after this object is
    closed.
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
        """Let go of the descriptor."""
        self._descriptor = _CLOSED
