"""What a loop has of the virtual machine: a mailbox, and a pipe by which Java's threads wake it.

A bridge is made by the first call that needs one. The loop owns it, by the callback that reads the pipe, and nothing
else does: so it goes when the loop is closed or dropped, and takes the mailbox along. All of it happens in the loop's
thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import tempfile
import weakref
from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterator, MutableMapping
from contextvars import Context
from pathlib import Path
from typing import Any, Final

from . import _errors, _events, _machine

_bridges: Final[dict[int, weakref.ref[Bridge]]] = {}
"""Of each loop, by its ``id``; what has ended is not in here."""

_left: Final[list[Bridge]] = []
"""The parent's, in a forked child: to drop an object of Java's there is a call into a virtual machine that is not."""

_ANSWER: Final = 2 * _events.ROWS
"""Where among the words Java leaves a number."""

_hooked: Final[list[bool]] = []

Handler = Callable[["Bridge", int, int, Any], None]

HANDLERS: Final[dict[int, Handler]] = {}
"""What to do about an event that is no end of a future, by kind; the modules that know of it enter it.

It gets the bridge, the token, the detail and the value.
"""


class Bridge:
    """One loop's side. ``pending`` has what waits for an event, by token; ``tasks`` what Java may cancel."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.machine = _machine.machine()
        self.is_started = self.machine.is_started
        self.weak_loop = weakref.ref(loop)
        self.tokens = itertools.count(1)
        self.pending: dict[int, asyncio.Future[Any]] = {}
        self.tasks: dict[int, asyncio.Future[Any]] = {}
        self.stages: dict[int, Any] = {}
        self.wanted: dict[int, asyncio.Event] = {}
        self.timers: dict[int, asyncio.TimerHandle] = {}
        mailbox_type = self.machine.mailbox
        memory = bytearray(mailbox_type.size())
        self._words = memoryview(memory).cast("q")
        with _pipe() as (self._descriptor, path):
            self.mailbox = mailbox_type(path, self.machine.jpype.nio.convertToDirectBuffer(memory))
        self._values = self.mailbox.values()
        self._drain = self.mailbox.drain
        self._release = self.mailbox.release
        self._finalizer = weakref.finalize(
            self, _end, id(loop), self._descriptor, self.mailbox, self.pending, self.stages, self.timers
        )
        # At exit the virtual machine goes, and all that it has with it.
        self._finalizer.atexit = False
        _bridges[id(loop)] = weakref.ref(self)
        # Not in the context of whoever came first.
        Context().run(loop.add_reader, self._descriptor, self._woken)

    @property
    def loop(self) -> AbstractEventLoop:
        """The loop, which is there as long as anything of it runs."""
        loop = self.weak_loop()
        assert loop is not None
        return loop

    def answer(self) -> int:
        """Return the number that the last call into Java has left."""
        return self._words[_ANSWER]

    def _woken(self) -> None:
        try:
            os.read(self._descriptor, 64)
        except BlockingIOError:
            return
        self._turn()

    def _turn(self) -> None:
        if not self.machine.is_started():
            self.lose()
            return
        self._drain()
        count = self._words[_ANSWER]
        if count & _events.MORE:
            self.loop.call_soon(self._turn)
            count ^= _events.MORE
        if not count:
            return
        words = self._words[: 2 * count].tolist()
        values = self._values
        pending = self.pending
        valued = False
        for row in range(count):
            token = words[2 * row]
            word = words[2 * row + 1]
            if word == _events.VALUE:
                valued = True
                future = pending.pop(token, None)
                if future is not None and not future.done():
                    future.set_result(values[row])
            elif word == _events.NULL:
                future = pending.pop(token, None)
                if future is not None and not future.done():
                    future.set_result(None)
            else:
                valued = True
                self._dispatch(token, word, values[row])
        if valued and self.machine.is_started():
            self._release()

    def _dispatch(self, token: int, word: int, value: Any) -> None:
        kind = word & _events.MASK
        try:
            if kind <= _events.CANCELLED:
                future = self.pending.pop(token, None)
                if future is not None:
                    settle(self.machine, future, kind, value)
            else:
                HANDLERS[kind](self, token, word >> _events.BITS, value)
        except Exception as error:  # of one event; the others are to be heard of
            self.report("an event of Java's could not be handled", error)

    def report(self, message: str, error: BaseException) -> None:
        """Have the loop's exception handler hear of a failure that nobody else will."""
        self.loop.call_exception_handler({"message": message, "exception": error})

    def lose(self) -> None:
        """Go on without the virtual machine: what waits for it fails."""
        self.loop.remove_reader(self._descriptor)
        waiting = list(self.pending.values())
        self.pending.clear()
        for handle in self.timers.values():
            handle.cancel()
        self.timers.clear()
        for future in waiting:
            if not future.done():
                future.set_exception(RuntimeError("the Java virtual machine was shut down"))

    def leave(self) -> None:
        """Let go of the pipe, in a forked child that has the parent's."""
        self.loop.remove_reader(self._descriptor)


def settle(machine: _machine.Machine, future: asyncio.Future[Any], kind: int, value: Any) -> None:
    """Give a future the end that Java tells."""
    if future.done():
        return
    if kind == _events.VALUE:
        future.set_result(value)
    elif kind == _events.NULL:
        future.set_result(None)
    elif kind == _events.CANCELLED:
        asyncio.Future.cancel(future)
    else:
        future.set_exception(_errors.to_python(machine, kind, value))


def running() -> Bridge:
    """Return the bridge of the running loop.

    Raises:
        ImportError: JPype is not installed.
        RuntimeError: no loop runs in this thread, or there is no virtual machine that can be used.
    """
    loop = asyncio._get_running_loop()
    if loop is None:
        raise RuntimeError("pyloop.java is used by coroutines and callbacks of a running event loop; none runs here")
    bridge = of(loop)
    if bridge is None:
        bridge = Bridge(loop)
        _hook()
    elif not bridge.is_started():
        _machine.machine()
    return bridge


def of(loop: AbstractEventLoop) -> Bridge | None:
    """Return the bridge that a loop has, if it has one."""
    reference = _bridges.get(id(loop))
    bridge = reference() if reference is not None else None
    return bridge if bridge is not None and bridge.weak_loop() is loop else None


@contextlib.contextmanager
def _pipe() -> Iterator[tuple[int, str]]:
    """Give the reading end of a pipe, and a path at which the other can be opened meanwhile; on failure, close it.

    Java cannot be handed a descriptor. It opens the pipe by a name: the one that Linux has for open files, or that of a
    named pipe where there is no ``/proc``.
    """
    reading, writing = os.pipe()
    path = f"/proc/self/fd/{writing}"
    try:
        os.set_blocking(reading, False)
        if Path(path).exists():
            yield reading, path
            return
        os.close(reading)
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder, "wake"))
            os.mkfifo(path, 0o600)
            reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            yield reading, path
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)


def _end(
    loop: int,
    descriptor: int,
    mailbox: Any,
    pending: MutableMapping[int, asyncio.Future[Any]],
    stages: MutableMapping[int, Any],
    timers: MutableMapping[int, asyncio.TimerHandle],
) -> None:
    """Take down what a bridge had, once it is gone: Java hears that nobody listens, and that no task goes on."""
    _bridges.pop(loop, None)
    os.close(descriptor)
    pending.clear()
    timers.clear()
    if _machine.known() is not None:
        mailbox.close()
        for stage in stages.values():
            stage.ended()
    stages.clear()


def _hook() -> None:
    if not _hooked:
        # Not earlier: the loop's own hook, which gives its copy in the child a poller of its own, has to come before.
        os.register_at_fork(after_in_child=_leave_all)
        _hooked.append(True)


def _leave_all() -> None:
    """Leave the parent's pipes to the parent: a child that read from one would take the parent's byte."""
    from pyloop import EventLoop  # noqa: PLC0415 - starts the engine

    for reference in list(_bridges.values()):
        bridge = reference()
        # The poller of any other loop is the parent's, too.
        if bridge is None:
            continue
        _left.append(bridge)
        if isinstance(bridge.loop, EventLoop) and not bridge.loop.is_closed():
            bridge.leave()
    _bridges.clear()
