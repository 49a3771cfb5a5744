"""Pipes and child processes of the event loop: which transports they get, and who learns how a child ended.

Like ``_loop``, this module relies on private names of asyncio.
"""

from __future__ import annotations

import asyncio
import functools
import os

from pyloop import _stock
from pyloop._transports import pipes

from . import children

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# They wait for a child as the loop itself does, only with more effort, and are what programs have that chose none.
_DISPENSABLE_WATCHERS = frozenset({"PidfdChildWatcher", "ThreadedChildWatcher"})


class ProcessMethods(_stock.SelectorEventLoop):
    """What asyncio's loop does for pipes and children, with transports in Java and children watched by the poller."""

    # Children that have not been waited for, by the descriptors of theirs that the loop watches.
    _children: dict[int, Any]

    def close(self) -> None:
        """Close the loop, which must not run. Children go on, and nobody waits for them any more."""
        super().close()
        children, self._children = self._children, {}
        for child in children.values():
            child.forget()

    def _make_read_pipe_transport(
        self,
        pipe: Any,
        protocol: asyncio.BaseProtocol,
        waiter: asyncio.Future[None] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> asyncio.ReadTransport:
        transport = pipes.ReadPipeTransport(self, pipe, protocol, waiter, extra)  # type: ignore[arg-type]
        if isinstance(protocol, _stock.WriteSubprocessPipeProto):
            transport._set_widenable()
        return transport

    def _make_write_pipe_transport(
        self,
        pipe: Any,
        protocol: asyncio.BaseProtocol,
        waiter: asyncio.Future[None] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> asyncio.WriteTransport:
        transport = pipes.WritePipeTransport(self, pipe, protocol, waiter, extra)  # type: ignore[arg-type]
        if isinstance(protocol, _stock.WriteSubprocessPipeProto):
            transport._set_widenable()
        return transport

    async def _make_subprocess_transport(
        self,
        protocol: asyncio.BaseProtocol,
        args: Any,
        shell: bool,
        stdin: Any,
        stdout: Any,
        stderr: Any,
        bufsize: int,
        extra: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> asyncio.SubprocessTransport:
        if not _can_use_pidfd() or self._has_child_watcher():
            transport: asyncio.SubprocessTransport = await super()._make_subprocess_transport(
                protocol, args, shell, stdin, stdout, stderr, bufsize, extra, **kwargs
            )
            return transport
        waiter = self.create_future()
        child = children.SubprocessTransport(
            self, protocol, args, shell, stdin, stdout, stderr, bufsize, waiter=waiter, extra=extra, **kwargs
        )
        child.watch(self._children)
        try:
            await waiter
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException:
            child.close()
            await asyncio.shield(child._wait())
            raise
        return child

    def _has_child_watcher(self) -> bool:
        """Tell whether the program chose who waits for children; up to 3.13 there is one for the whole process."""
        if hasattr(self, "_watcher"):
            # Each loop has its own, which is this one where descriptors of children can be had.
            return type(self._watcher).__name__ != "_PidfdChildWatcher"
        watcher = getattr(_stock.get_event_loop_policy(), "_watcher", None) if _stock.HAS_POLICIES else None
        return watcher is not None and type(watcher).__name__ not in _DISPENSABLE_WATCHERS


@functools.cache
def _can_use_pidfd() -> bool:
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        # An old kernel, or one that was told not to allow it.
        return False
    return True
