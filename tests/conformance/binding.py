"""Makes PyLoop the loop that CPython's test_asyncio gets wherever it creates one.

The suite creates loops in two ways, and each has one place to change:

- by name, as ``asyncio.SelectorEventLoop(...)`` (``asyncio.EventLoop()`` from 3.13 on): the mixins for event loops,
  sockets, servers, sendfile, buffered protocols, TLS, Unix signals and Unix sockets. The name is replaced in the
  ``asyncio`` package, where the suite looks it up.
- by default, through the policy: ``asyncio.new_event_loop()``, ``asyncio.run``, ``asyncio.Runner``,
  ``unittest.IsolatedAsyncioTestCase``. The suite resets the policy before and after each module, so it is the default
  policy itself that is changed.

What is left alone are the tests of asyncio's own base classes (``BaseEventLoop()``, subclasses of
``BaseSelectorEventLoop`` over a mocked selector, the proactor) and the programs the suite runs in new interpreters.
"""

from __future__ import annotations

import asyncio
import asyncio.unix_events
import importlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selectors import BaseSelector

SOURCES = Path(__file__).resolve().parents[2] / "python"


def make_importable() -> None:
    """Let ``import pyloop`` find the checkout's own sources, unless PyLoop is installed."""
    if importlib.util.find_spec("pyloop") is None:
        sys.path.insert(0, str(SOURCES))


def bind() -> None:
    """Bind the suite to PyLoop. To be called before any of its modules is imported."""
    make_importable()
    # The names below are replaced only after PyLoop, which derives from one of them, has been defined.
    loop_class = _selector_event_loop()
    namespace: Any = asyncio
    namespace.SelectorEventLoop = loop_class
    if hasattr(asyncio, "EventLoop"):
        namespace.EventLoop = loop_class
    policy: Any = asyncio.unix_events._UnixDefaultEventLoopPolicy
    default_loop = importlib.import_module("pyloop._policy").default_event_loop
    policy._loop_factory = lambda _policy: default_loop()


def _selector_event_loop() -> type[asyncio.AbstractEventLoop]:
    import pyloop  # noqa: PLC0415 - importable only now

    class SelectorEventLoop(pyloop.EventLoop):
        """PyLoop with the constructor of asyncio's loop."""

        def __init__(self, selector: BaseSelector | None = None) -> None:
            # PyLoop has a poller of its own.
            if selector is not None:
                selector.close()
            super().__init__()

    return SelectorEventLoop
