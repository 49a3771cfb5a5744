"""Java's futures as awaitables, and coroutines as futures where Java wants some: ``install``."""

from __future__ import annotations

import asyncio
import types
import weakref
from asyncio import AbstractEventLoop
from collections.abc import Awaitable
from typing import Any, Final

from . import _bridge, _futures, _stages
from ._machine import machine

_STAGE: Final = "java.util.concurrent.CompletionStage"
_FUTURE: Final = "java.util.concurrent.Future"
_COMPLETABLE: Final = "java.util.concurrent.CompletableFuture"

_installed: Final[list[bool]] = []
_loop: weakref.ref[AbstractEventLoop] | None = None


def install() -> None:
    """Make Java's futures awaitable as they are, and coroutines acceptable wherever Java wants a future.

    ``await stage`` is ``await wrap(stage)`` then. A coroutine that is handed to a method of Java's with a parameter of
    type ``CompletionStage``, ``CompletableFuture`` or ``Future``, or that is returned by a method of a ``JProxy`` whose
    result is such, is run by the running loop, or in a thread without one by the loop that ran when this was called
    last.

    Raises:
        ImportError: JPype is not installed.
        RuntimeError: there is no Java virtual machine that can be used.
    """
    global _loop  # noqa: PLW0603 - as JPype's customizers, it is for the process
    java = machine()
    loop = asyncio._get_running_loop()
    if loop is not None:
        _bridge.running()
        _loop = weakref.ref(loop)
    if _installed:
        return
    _installed.append(True)
    jpype = java.jpype
    for name in (_STAGE, _FUTURE):
        jpype.JImplementationFor(name)(type("_Awaitable", (), {"__await__": _futures.await_java}))
    for name in (_STAGE, _FUTURE, _COMPLETABLE):
        for kind in (types.CoroutineType, asyncio.Future):
            jpype.JConversion(name, instanceof=kind)(_convert)


def _convert(_type: Any, awaitable: Awaitable[Any]) -> Any:
    if asyncio._get_running_loop() is not None:
        return _stages.to_stage(awaitable)
    loop = _loop() if _loop is not None else None
    if loop is None:
        raise RuntimeError("no event loop runs in this thread, and none ran when pyloop.java.install() was called")
    return _stages.to_stage_of(loop, awaitable)
