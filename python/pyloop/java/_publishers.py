"""Asynchronous iterators as publishers of Java's: ``to_publisher``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextvars import Context, copy_context
from typing import Any

from . import _bridge, _errors, _events, _machine, _values


class _Source:
    """What a publisher makes its iterator of, and the context of whoever made the publisher."""

    def __init__(self, items: AsyncIterable[Any] | Callable[[], AsyncIterable[Any]]) -> None:
        self.items = items
        self.context = copy_context()

    def open(self) -> AsyncIterator[Any]:
        items = self.items() if callable(self.items) else self.items
        return items.__aiter__()


def to_publisher(
    items: AsyncIterable[Any] | Callable[[], AsyncIterable[Any]], interface: str = "java.util.concurrent.Flow$Publisher"
) -> Any:
    """Return an asynchronous iterator as a publisher of Java's, which runs it on the running loop as items are wanted.

    A subscription that is cancelled closes the iterator.

    Args:
        items: an asynchronous iterator, such as an asynchronous generator, which one subscriber gets; an iterable that
            is no iterator, or a function that returns either, which starts anew for each subscriber.
        interface: the publisher's interface: Flow's, or one with the same methods, such as
            ``org.reactivestreams.Publisher``.

    Raises:
        ImportError: JPype is not installed.
        RuntimeError: no event loop runs in this thread, or there is no Java virtual machine that can be used.
        TypeError: it is nothing of the kind.
    """
    bridge = _bridge.running()
    java = bridge.machine
    if not callable(items) and not isinstance(items, AsyncIterable):
        raise TypeError(
            f"an asynchronous iterator, or a function that makes them, is needed, not {type(items).__name__}"
        )
    single = isinstance(items, AsyncIterator)
    publisher = java.iterator_publisher(bridge.mailbox, java.opaque(_Source(items)), single)
    return java.publishers.as_(java.jpype.JClass(interface).class_, publisher)


def _subscribed(bridge: _bridge.Bridge, token: int, _detail: int, outlet: Any) -> None:
    source: _Source = outlet.source()
    wanted = bridge.wanted[token] = asyncio.Event()
    feeding = _feed(bridge.machine, outlet, source, wanted)
    task = bridge.loop.create_task(feeding, context=source.context.copy())
    bridge.tasks[token] = task
    tasks, events = bridge.tasks, bridge.wanted

    def ended(task: asyncio.Task[None]) -> None:
        tasks.pop(token, None)
        events.pop(token, None)
        if not task.cancelled():
            task.result()

    task.add_done_callback(ended, context=Context())


async def _feed(java: _machine.Machine, outlet: Any, source: _Source, wanted: asyncio.Event) -> None:
    """Give a subscriber the items, as many as it asks for."""
    iterator: AsyncIterator[Any] | None = None
    try:
        iterator = source.open()
        while True:
            wanted.clear()
            count = outlet.wanted()
            if count < 0:
                outlet.failRequest()
                return
            if not count:
                await wanted.wait()
            for _ in range(count):
                try:
                    item = await anext(iterator)
                except StopAsyncIteration:
                    outlet.complete()
                    return
                outlet.next(_values.to_java(java, item))
                if outlet.isEnded():
                    return
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        outlet.fail(_errors.to_java(java, error))
    finally:
        close = getattr(iterator, "aclose", None)
        if close is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await close()


def _wanted(bridge: _bridge.Bridge, token: int, _detail: int, _value: Any) -> None:
    event = bridge.wanted.get(token)
    if event is not None:
        event.set()


_bridge.HANDLERS[_events.SUBSCRIBED] = _subscribed
_bridge.HANDLERS[_events.WANTED] = _wanted
