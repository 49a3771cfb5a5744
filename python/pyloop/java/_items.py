"""Publishers of Java's as asynchronous iterators: ``iterate``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from . import _bridge, _errors, _events, _futures

_UNREQUESTED_YIELD = 64
"""After so many items that were there already the loop gets a turn."""


def iterate(publisher: Any, *, prefetch: int = 32) -> AsyncGenerator[Any, None]:
    """Return an asynchronous iterator over the items of a publisher of Java's.

    It subscribes when its first item is asked for. The publisher is never asked for more than ``prefetch`` items that
    have not been taken. ``aclose()`` cancels the subscription. An error of the publisher's ends the iteration with it.

    Args:
        publisher: a ``java.util.concurrent.Flow.Publisher``, or one of an interface that has the same methods, as
            ``org.reactivestreams.Publisher`` has; Reactor's and RxJava's are such.
        prefetch: how many items are kept ready.

    Raises:
        ImportError: JPype is not installed.
        RuntimeError: no event loop runs in this thread, or there is no Java virtual machine that can be used.
        TypeError: it is no publisher of this process's virtual machine.
        ValueError: the prefetch is not positive.
    """
    java = _bridge.running().machine
    _futures.check_object(java, publisher, "a publisher")
    if not java.publishers.isPublisher(publisher):
        raise TypeError(f"{_futures.describe(publisher)} is no publisher, of Flow or of reactive streams")
    if prefetch < 1:
        raise ValueError("prefetch has to be 1 at least")
    return _items(publisher, min(prefetch, 1 << 20))


async def _items(publisher: Any, prefetch: int) -> AsyncGenerator[Any, None]:
    # A generator may be kept longer than its loop: it refers to the bridge's parts and not to the bridge.
    bridge = _bridge.running()
    loop, pending, token = asyncio.get_running_loop(), bridge.pending, next(bridge.tokens)
    java = bridge.machine
    intake = java.intake(bridge.mailbox, token, prefetch)
    del bridge
    take, batch = intake.take, intake.batch()
    done = since = 0
    try:
        intake.subscribe(publisher)
        while True:
            done = take(done)
            if done > 0:
                for item in list(batch[:done]):
                    yield item
                since += done
                if since >= _UNREQUESTED_YIELD:
                    since = 0
                    await asyncio.sleep(0)
            elif not done:
                since = 0
                pending[token] = told = loop.create_future()
                try:
                    await told
                finally:
                    pending.pop(token, None)
            elif done == java.intake.FAILED:
                raise _errors.from_throwable(java, intake.error())
            else:
                return
    finally:
        if java.is_started():
            intake.cancel()


def _told(bridge: _bridge.Bridge, token: int, _detail: int, _value: Any) -> None:
    future = bridge.pending.pop(token, None)
    if future is not None and not future.done():
        future.set_result(None)


_bridge.HANDLERS[_events.ITEMS] = _told
