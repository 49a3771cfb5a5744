"""Coroutines as futures of Java's: ``to_stage``."""

from __future__ import annotations

import asyncio
import weakref
from asyncio import AbstractEventLoop
from collections.abc import Awaitable
from contextvars import Context
from typing import Any

from . import _bridge, _errors, _events, _machine, _values


def to_stage(awaitable: Awaitable[Any]) -> Any:
    """Run a coroutine as a task of the running loop, and return it as a ``CompletableFuture`` of Java's.

    The task has a copy of the caller's context. Cancelling the stage cancels the task, and the stage is cancelled when
    the task has ended. Completing it from Java, by ``orTimeout`` for example, cancels the task, too.

    Args:
        awaitable: a coroutine, or a task or future of the running loop.

    Raises:
        ImportError: JPype is not installed.
        RuntimeError: no event loop runs in this thread, or there is no Java virtual machine that can be used.
        TypeError: it cannot be awaited.
    """
    try:
        bridge = _bridge.running()
    except BaseException:
        if asyncio.iscoroutine(awaitable):
            awaitable.close()
        raise
    future = asyncio.ensure_future(awaitable)
    stage = bridge.machine.stage(bridge.mailbox, next(bridge.tokens))
    follow(bridge, stage, future)
    return stage


def to_stage_of(loop: AbstractEventLoop, awaitable: Awaitable[Any]) -> Any:
    """Do what ``to_stage`` does, for a loop that runs in another thread and has a bridge."""
    bridge = _bridge.of(loop)
    if bridge is None:
        raise RuntimeError("the event loop that pyloop.java.install() was called in is closed")
    stage = bridge.machine.stage(bridge.mailbox, next(bridge.tokens))
    loop.call_soon_threadsafe(_start, weakref.ref(bridge), stage, awaitable, context=Context())
    return stage


def _start(reference: weakref.ref[_bridge.Bridge], stage: Any, awaitable: Awaitable[Any]) -> None:
    bridge = reference()
    if bridge is not None:
        follow(bridge, stage, asyncio.ensure_future(awaitable))


def follow(bridge: _bridge.Bridge, stage: Any, future: asyncio.Future[Any]) -> None:
    """Have a stage end as a future does, and be cancelled with it."""
    token = int(stage.token())
    bridge.tasks[token] = future
    bridge.stages[token] = stage
    tasks, stages, machine = bridge.tasks, bridge.stages, bridge.machine

    def ended(future: asyncio.Future[Any]) -> None:
        tasks.pop(token, None)
        stages.pop(token, None)
        if _machine.known() is not None:
            finish(machine, stage, future)

    future.add_done_callback(ended, context=Context())


def finish(machine: _machine.Machine, stage: Any, future: asyncio.Future[Any]) -> None:
    """Give a stage the end of a future that has ended."""
    if future.cancelled():
        stage.ended()
    elif (error := future.exception()) is not None:
        stage.raised(_errors.to_java(machine, error))
    else:
        stage.returned(_values.to_java(machine, future.result()))


def _cancel(bridge: _bridge.Bridge, token: int, _detail: int, _value: Any) -> None:
    task = bridge.tasks.get(token)
    if task is not None:
        task.cancel()


_bridge.HANDLERS[_events.CANCEL] = _cancel
