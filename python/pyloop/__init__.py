"""A drop-in asyncio event loop whose engine is pure Java.

``pyloop.run(main())`` runs an asyncio program as ``asyncio.run(main())`` does, only faster. Importing this package
starts no JVM: the first event loop does, or the first look at ``pyloop.EventLoop``, whose base class is Java's.
"""

from __future__ import annotations

import asyncio

from ._policy import EventLoopPolicy, install
from ._version import __version__

# Not from typing, which would take longer to import than all of this package.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, TypeVar

    from ._loop import EventLoop

    _T = TypeVar("_T")

__all__ = ["EventLoop", "EventLoopPolicy", "__version__", "install", "new_event_loop", "run"]


def new_event_loop() -> EventLoop:
    """Return a new event loop; the factory to hand to ``asyncio.Runner``, uvicorn, anyio and the like.

    Raises:
        RuntimeError: this interpreter or system is not supported, no Java runtime was found, or this process is the
            fork of one that runs PyLoop.
        OSError: descriptors are exhausted.
    """
    from ._loop import EventLoop as Loop  # noqa: PLC0415 - starts the JVM

    return Loop()


def run(
    main: Coroutine[Any, Any, _T],
    *,
    debug: bool | None = None,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = new_event_loop,
) -> _T:
    """Run ``main`` on a new PyLoop event loop and return its result; the counterpart of ``asyncio.run``.

    Args:
        main: what ``asyncio.run`` takes.
        debug: whether the loop runs in debug mode; None leaves it to the environment, as in asyncio.
        loop_factory: makes the loop, in place of ``new_event_loop``; None leaves that to the policy, as in asyncio.

    Raises:
        RuntimeError: an event loop is running in this thread.
        BaseException: whatever ``main`` raises.
    """
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("pyloop.run() cannot be called from a running event loop")
    with asyncio.Runner(debug=debug, loop_factory=loop_factory) as runner:
        return runner.run(main)


if not TYPE_CHECKING:  # Type checkers would take every name for one that it knows.

    def __getattr__(name: str) -> Any:
        if name == "EventLoop":
            from ._loop import EventLoop as Loop  # noqa: PLC0415 - starts the JVM

            globals()[name] = Loop
            return Loop
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
