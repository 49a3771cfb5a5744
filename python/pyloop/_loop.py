"""The event loop class: everything per connection, per server and per loop is asyncio's own code, inherited.

Like ``_callbacks``, this module relies on private names of asyncio; no other does.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import weakref
from typing import Any

from . import _engine, _fault_handlers, _fork

# Attributes that inherited code sets and the engine must know. "time" is there when a program replaces the clock.
_FOLLOWED = frozenset({"_closed", "_debug", "_forever", "_internal_fds", "_stopping"})

_NO_DESCRIPTOR = -1


class _ReadyQueue:
    """What inherited code takes for the deque of callbacks that are ready to run."""

    def __init__(self, loop: EventLoop) -> None:
        self.append = loop._enqueue
        self.clear = loop._clear
        self._count = loop._ready_count

    def __len__(self) -> int:
        return self._count()


class _Selector:
    """What inherited code takes for its selector. The engine has its own poller; only closing comes through here."""

    def __init__(self, loop: EventLoop) -> None:
        self.close = loop._release


class EventLoop(_engine.EventLoop, asyncio.SelectorEventLoop):
    """asyncio's selector event loop with its scheduling and polling done in Java.

    A loop may be made in one thread and run in another; apart from ``call_soon_threadsafe``, which any thread may call,
    it belongs to the thread that runs it, as every asyncio loop does.
    """

    def __init__(self) -> None:
        """Make a loop.

        Raises:
            OSError: descriptors are exhausted.
            RuntimeError: the loop is initialized already, or this process is the fork of one that runs PyLoop.
        """
        self._init()
        self._watched_files: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._outer_wakeup_fd = _NO_DESCRIPTOR
        self._forever = False
        self._follow_clock(replaced=False)
        try:
            super().__init__(_Selector(self))
        except BaseException:
            self._closed = True
            self._release()
            raise
        self._ready = _ReadyQueue(self)

    def run_forever(self) -> None:
        """Run until ``stop()`` is called.

        Raises:
            RuntimeError: the loop is closed or running, or another loop is running in this thread.
        """
        self._check_closed()
        self._check_running()
        _fault_handlers.restore()
        previous = self._claim_wakeup_fd()
        self._forever = True
        try:
            super().run_forever()
        finally:
            self._forever = False
            self._return_wakeup_fd(previous)

    def remove_signal_handler(self, sig: int) -> bool:
        """Remove the handler of a signal; return whether there was one.

        Raises:
            TypeError: the signal is not an int.
            ValueError: there is no such signal.
            RuntimeError: the signal cannot be caught.
        """
        removed = super().remove_signal_handler(sig)
        if removed and not self._signal_handlers and self._forever:
            self._claim_wakeup_fd()  # given up with the last handler, but this loop is still running
        return removed

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in _FOLLOWED:
            self._set(name, value)
        elif name == "time":
            self._follow_clock(replaced=True)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name == "time":
            self._follow_clock(replaced=False)

    def __del__(self) -> None:
        # Without a completed __init__ there is nothing to close, and in a forked child nothing to close it with.
        if "_closed" in self.__dict__ and not _fork.happened():
            super().__del__()

    def _follow_clock(self, *, replaced: bool) -> None:
        # Not by a look at __dict__: that would turn the attributes into a real dict and slow every access to the loop.
        self._set("time", replaced or type(self).time is not _engine.EventLoop.time)

    def _claim_wakeup_fd(self) -> int | None:
        """Have signals written to the self-pipe while the main thread's loop runs; return who had them before.

        Any thread of the process may take a signal. Without this the poll would sleep on when it is another's.
        """
        if threading.current_thread() is not threading.main_thread():
            return None
        previous = signal.set_wakeup_fd(self._csock.fileno(), warn_on_full_buffer=False)
        self._outer_wakeup_fd = _NO_DESCRIPTOR if previous == self._csock.fileno() else previous
        return previous

    def _return_wakeup_fd(self, previous: int | None) -> None:
        if previous is None:
            return
        self._outer_wakeup_fd = _NO_DESCRIPTOR
        current = signal.set_wakeup_fd(_NO_DESCRIPTOR)
        ours = self._csock is not None and current == self._csock.fileno()
        if not ours:
            signal.set_wakeup_fd(current)  # set by the program while the loop ran
        elif self._signal_handlers:
            signal.set_wakeup_fd(current)  # its signal handlers stay in force between runs
        else:
            signal.set_wakeup_fd(previous)

    def _process_self_data(self, data: bytes) -> None:
        if self._outer_wakeup_fd != _NO_DESCRIPTOR:
            try:
                os.write(self._outer_wakeup_fd, data)
            except OSError:
                self._outer_wakeup_fd = _NO_DESCRIPTOR
        super()._process_self_data(data)


_fork.protect(EventLoop)
