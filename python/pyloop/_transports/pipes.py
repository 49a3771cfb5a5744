"""Transports over pipes. What happens per pipe is here, what happens per message in Java.

Importing this module builds the engine's types.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import stat

from pyloop._stock import FlowControlMixin, futures, logger

from .streams import FlowLimits

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pyloop._loop import EventLoop

# As the engine numbers what it reads from and writes to.
_READ_PIPE = 1
_WRITE_PIPE = 2

# What a pipe shall hold through which much goes. Four times what is usual, and far from what one user may have in all.
_WIDE = 256 * 1024


class _PipeTransport(FlowLimits):
    """One end of a pipe, whose file this object owns from its creation to ``connection_lost``.

    Programs can set attributes on it, methods included, as on asyncio's.
    """

    _medium = "pipe"
    _direction: int
    _refusal: str
    _lost_write = "pipe closed by peer or os.write(pipe, data) raised exception."

    def __init__(
        self,
        loop: EventLoop,
        pipe: Any,
        protocol: asyncio.BaseProtocol,
        waiter: asyncio.Future[None] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super(FlowControlMixin, self).__init__({} if extra is None else dict(extra))
        self._extra["pipe"] = pipe
        descriptor = pipe.fileno()
        mode = os.fstat(descriptor).st_mode
        if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode)):
            raise ValueError(self._refusal)
        os.set_blocking(descriptor, False)
        self._loop = loop
        self._open(loop, descriptor, self._direction)
        self._socket = pipe
        self.set_protocol(protocol)
        loop.call_soon(protocol.connection_made, self)
        # Of a device that is written to nothing can be learned by a look whether there is something to read.
        if self._direction == _READ_PIPE or not stat.S_ISCHR(mode):
            self._start()
        if waiter is not None:
            # Only now, so that the protocol knows of the pipe before whoever waits for it goes on.
            loop.call_soon(futures._set_result_unless_cancelled, waiter, None)

    def _state(self) -> list[str]:
        info = [type(self).__name__]
        if self._is_closed():
            return [*info, f"closed fd={self._descriptor()} closed"]
        if self.is_closing():
            info.append("closing")
        info.append(f"fd={self._descriptor()}")
        if self._loop.is_closed():
            return [*info, "open"]
        watcher = self._loop._reader if self._direction == _READ_PIPE else self._loop._writer
        info.append("polling" if watcher(self._descriptor()) else "idle")
        return info

    def _report(self, exc: BaseException, message: str, *, is_usual: bool) -> None:
        if is_usual:
            if self._loop.get_debug():
                logger.debug("%r: %s", self, message, exc_info=True)
        else:
            self._loop.call_exception_handler(
                {"message": message, "exception": exc, "transport": self, "protocol": self.get_protocol()}
            )

    def _log_departure(self) -> None:
        if self._loop.get_debug():
            logger.info("%r was closed by peer", self)

    def _widen(self) -> None:
        try:
            if fcntl.fcntl(self._descriptor(), fcntl.F_GETPIPE_SZ) < _WIDE:
                fcntl.fcntl(self._descriptor(), fcntl.F_SETPIPE_SZ, _WIDE)
        except OSError:
            pass  # not a pipe, or there are too many large ones already: it works as it is


class ReadPipeTransport(_PipeTransport):
    """The end of a pipe to read from; a socket or a character device too."""

    _direction = _READ_PIPE
    _refusal = "Pipe transport is for pipes/sockets only."

    # The engine's type can write; this transport cannot.
    abort = asyncio.WriteTransport.abort
    can_write_eof = asyncio.WriteTransport.can_write_eof
    get_write_buffer_limits = asyncio.WriteTransport.get_write_buffer_limits
    get_write_buffer_size = asyncio.WriteTransport.get_write_buffer_size
    set_write_buffer_limits = asyncio.WriteTransport.set_write_buffer_limits
    write = asyncio.WriteTransport.write
    write_eof = asyncio.WriteTransport.write_eof
    writelines = asyncio.WriteTransport.writelines

    def __repr__(self) -> str:
        return f"<{' '.join(self._state())}>"

    def _fatal_error(self, exc: BaseException, message: str = "Fatal error on pipe transport") -> None:
        # A terminal whose other end was closed answers EIO.
        self._report(exc, message, is_usual=isinstance(exc, OSError) and exc.errno == errno.EIO)
        self._force_close(exc)

    def _peer_closed(self) -> None:
        self._log_departure()
        protocol: Any = self.get_protocol()
        self._loop.call_soon(protocol.eof_received)
        super().close()


class WritePipeTransport(_PipeTransport):
    """The end of a pipe to write to; a socket or a character device too.

    What callbacks write is sent at the end of the loop's iteration, all at once, as stream transports do.
    """

    _direction = _WRITE_PIPE
    _refusal = "Pipe transport is only for pipes, sockets and character devices"

    # The engine's type can read; this transport cannot.
    is_reading = asyncio.ReadTransport.is_reading
    pause_reading = asyncio.ReadTransport.pause_reading
    resume_reading = asyncio.ReadTransport.resume_reading

    def __repr__(self) -> str:
        info = self._state()
        if not self._is_closed() and not self._loop.is_closed():
            info.append(f"bufsize={self.get_write_buffer_size()}")
        return f"<{' '.join(info)}>"

    def can_write_eof(self) -> bool:
        """Return True: closing a pipe is how its reader learns of the end."""
        return True

    def close(self) -> None:
        """Close the pipe when all that was written is sent; the protocol's ``connection_lost(None)`` is called then."""
        if not self.is_closing():
            self.write_eof()

    def write_eof(self) -> None:
        """Close the pipe when all that was written is sent."""
        super().close()

    def _fatal_error(self, exc: BaseException, message: str = "Fatal error on pipe transport") -> None:
        self._report(exc, message, is_usual=isinstance(exc, OSError))
        self._force_close(exc)

    def _peer_closed(self) -> None:
        self._log_departure()
        self._force_close(BrokenPipeError() if self.get_write_buffer_size() else None)
