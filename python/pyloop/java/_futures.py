"""Futures of Java's in Python: ``wrap`` and ``run``."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

from . import _bridge, _events
from ._machine import Machine, machine


class JavaFuture(asyncio.Future[Any]):
    """A future that has the end of one of Java's, and cancels it when it is cancelled.

    It does not refer to the bridge, but to the bridge's table: a future that a program keeps must not keep the bridge.
    """

    __slots__ = ("_cancel", "_java", "_pending", "_token")

    _java: Any
    _pending: dict[int, asyncio.Future[Any]]
    _token: int
    _cancel: Any

    def cancel(self, msg: Any | None = None) -> bool:
        """Cancel the future, and Java's with it: what comes of that still is dropped."""
        if not super().cancel(msg):
            return False
        java, self._java = self._java, None
        if java is not None and self._pending.pop(self._token, None) is not None:
            try:
                self._cancel(java)
            except Exception as error:  # of a cancel() of the program's, whose caller is the event loop
                context = {"message": "a future of Java's refused to be cancelled", "exception": error, "future": self}
                self.get_loop().call_exception_handler(context)
        return True


def wrap(stage: Any) -> asyncio.Future[Any]:
    """Return a future of asyncio's for one of Java's.

    Cancelling it cancels Java's, with ``cancel(true)``. An exception arrives as JPype's class of it, without the
    ``CompletionException`` or ``ExecutionException`` around it.

    Args:
        stage: a ``CompletionStage``; a ``Future``, for which a thread of Java's has to wait unless it has a method
            ``addListener(Runnable, Executor)``, as Guava's ``ListenableFuture`` has.

    Raises:
        ImportError: JPype is not installed.
        RuntimeError: no event loop runs in this thread, or there is no Java virtual machine that can be used.
        TypeError: it is no future of this process's virtual machine.
    """
    bridge = _bridge.running()
    future = JavaFuture(loop=asyncio._get_running_loop())
    future._java = stage
    future._pending = pending = bridge.pending
    future._token = token = next(bridge.tokens)
    future._cancel = bridge.machine.cancel_future
    pending[token] = future
    try:
        ended = bridge.machine.watch(bridge.mailbox, stage, token)
    except BaseException as error:
        del pending[token]
        check(bridge.machine, stage, error)
        raise
    if ended:
        del pending[token]
        kind = bridge.answer()
        value = None if kind == _events.NULL else bridge.mailbox.value()
        _bridge.settle(bridge.machine, future, kind, value)
    return future


def check(java: Machine, stage: Any, cause: BaseException | None) -> None:
    """Say what is wrong with a future that is none.

    Raises:
        TypeError: always, unless it is one.
    """
    check_object(java, stage, "a future", cause)
    if not java.futures.isFuture(stage):
        raise TypeError(f"{describe(stage)} is no future: neither a CompletionStage nor a Future") from cause


def check_object(java: Machine, value: Any, wanted: str, cause: BaseException | None = None) -> None:
    """Say that something is no object of this virtual machine.

    Raises:
        TypeError: it is none.
    """
    if isinstance(value, java.object_type):
        return
    package = type(value).__module__.partition(".")[0]
    if package == "py4j":
        raise TypeError(
            f"{wanted} of this process's Java virtual machine, JPype's, is needed; this is an object of another one, "
            "Py4J's"
        ) from cause
    raise TypeError(f"{wanted} of Java's is needed, not {type(value).__name__}") from cause


def describe(value: Any) -> str:
    """Return the name of an object's class in Java."""
    return str(value.getClass().getName())


def await_java(self: Any) -> Generator[Any, None, Any]:
    """Serve as the ``__await__`` of Java's futures, once installed."""
    return wrap(self).__await__()


def run(action: Any, *, executor: Any = None) -> asyncio.Future[Any]:
    """Run something of Java's in a thread of Java's, and return the future of its result.

    Cancelling the future interrupts the thread.

    Args:
        action: a ``Callable``, ``Supplier`` or ``Runnable`` of Java's. What is written in Python has
            ``asyncio.to_thread``.
        executor: the ``java.util.concurrent.Executor`` to run it; None takes ``virtual_threads()``, or before Java 21
            a pool of daemon threads.

    Raises:
        ImportError: JPype is not installed.
        RuntimeError: no event loop runs in this thread, or there is no Java virtual machine that can be used.
        TypeError: it is nothing that Java can run.
    """
    bridge = _bridge.running()
    java = bridge.machine
    check_object(java, action, "a Callable, Supplier or Runnable")
    if not java.futures.isAction(action):
        raise TypeError(f"{describe(action)} is neither a Callable nor a Supplier nor a Runnable")
    future = JavaFuture(loop=asyncio._get_running_loop())
    future._java = None
    future._pending = bridge.pending
    future._cancel = java.cancel_future
    future._token = token = next(bridge.tokens)
    bridge.pending[token] = future
    try:
        future._java = java.futures.run(bridge.mailbox, action, executor or java.threads.any(), token)
    except BaseException:
        del bridge.pending[token]
        raise
    return future


def virtual_threads() -> Any:
    """Return Java's executor that starts a virtual thread for each task.

    Raises:
        ImportError: JPype is not installed.
        RuntimeError: there is no Java virtual machine that can be used, or it is older than 21.
    """
    java = machine()
    found = java.threads.virtual()
    if found is None:
        raise RuntimeError("virtual threads need Java 21 or newer, and JPype has started an older one")
    return found
