"""Makes PyLoop the loop of programs that do not ask for it."""

from __future__ import annotations

import asyncio
import warnings

from . import _stock
from ._first import loop_class


class EventLoopPolicy(_stock.DefaultEventLoopPolicy):
    """asyncio's default policy, making PyLoop event loops."""

    def _loop_factory(self) -> asyncio.AbstractEventLoop:
        return default_event_loop()


def default_event_loop() -> asyncio.AbstractEventLoop:
    """Return the loop of a program that left the choice to us: PyLoop's, where there can be one.

    In the child of a fork that the engine did not survive there can be none. The program did not ask for PyLoop there,
    so it gets asyncio's own loop, and a warning.

    Raises:
        RuntimeError: this interpreter or system is not supported, or no engine could be started.
        ValueError: ``PYLOOP_MAX_HEAP`` is no size.
        OSError: descriptors are exhausted.
    """
    event_loop = loop_class()
    from . import _engine  # noqa: PLC0415 - the class's, which is started now

    if _engine.runtime.forked():
        warnings.warn(
            "this process was forked from one that runs PyLoop, where PyLoop cannot be used: asyncio's own event loop "
            "takes its place",
            RuntimeWarning,
            stacklevel=3,
        )
        return _stock.SelectorEventLoop()
    return event_loop()


def install() -> None:
    """See ``pyloop.install``."""
    if _stock.HAS_POLICIES:
        _stock.set_event_loop_policy(EventLoopPolicy())
    else:
        # What a Runner calls that was given no factory.
        asyncio.new_event_loop = asyncio.events.new_event_loop = default_event_loop
