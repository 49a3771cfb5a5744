"""A drop-in asyncio event loop whose engine is written in Java.

``pyloop.run(main())`` runs an asyncio program as ``asyncio.run(main())`` does, only faster. There are two engines, made
from the same sources:

- ``native``: a library of machine code, compiled ahead of time. It needs no Java, starts at once and survives a fork.
- ``jvm``: a Java virtual machine inside the process, for programs that use Java there too, and for systems without a
  library. It needs a Java runtime, version 25 or newer.

PyLoop takes the library if there is one that loads. The environment variable ``PYLOOP_ENGINE`` (``native`` or ``jvm``)
chooses the engine, and ``PYLOOP_MAX_HEAP`` bounds the memory of Java objects (``512m`` unless set). ``pyloop.engine()``
tells which engine it is. Importing this package starts no engine. The first event loop starts it, or the first look at
``pyloop.EventLoop``, whose base class is Java's.
"""

from __future__ import annotations

import asyncio
import sys

from ._first import loop_class as _loop_class

# Not from typing, which would take longer to import than all of this package.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, Literal, TypeVar

    from ._loop import EventLoop
    from ._observe.reports import SlowCallback, Stall
    from ._observe.snapshot import Histogram, LoopMetrics
    from ._policy import EventLoopPolicy

    _T = TypeVar("_T")

__all__ = [
    "EventLoop",
    "Histogram",
    "LoopMetrics",
    "SlowCallback",
    "Stall",
    "__version__",
    "engine",
    "install",
    "metrics",
    "new_event_loop",
    "run",
]
if hasattr(asyncio.events, "get_event_loop_policy"):  # asyncio's policies are to go with 3.16
    __all__ += ["EventLoopPolicy"]

__version__ = "0.1.0"


def engine() -> Literal["native", "jvm"]:
    """Return which engine the event loops of this process run on, or would run on, without starting it.

    Raises:
        RuntimeError: ``PYLOOP_ENGINE`` names no engine, or the native library, and that cannot be loaded.
    """
    from ._start import choice  # noqa: PLC0415 - most programs do not ask

    return choice.chosen()


def install() -> None:
    """Make PyLoop the event loop of ``asyncio.run`` and everything else that leaves the choice to asyncio."""
    from . import _policy  # noqa: PLC0415 - most programs name their loop

    _policy.install()


def metrics() -> tuple[LoopMetrics, ...]:
    """Return what each event loop of this process has done and has, in the order in which they were made.

    Those that are closed are left out. Any thread may ask, and stops nobody.
    """
    if "pyloop._loop" not in sys.modules:
        return ()
    from ._observe import reading  # noqa: PLC0415 - most programs do not ask

    return reading.all_snapshots()


def new_event_loop(*, slow_callback_threshold: float | None = None, stall_threshold: float | None = None) -> EventLoop:
    """Return a new event loop; the factory to hand to ``asyncio.Runner``, uvicorn, anyio and the like.

    Args:
        slow_callback_threshold: the seconds from which on a callback is reported, outside debug mode too; None leaves
            it to the environment variable ``PYLOOP_SLOW_CALLBACK``.
        stall_threshold: the seconds after which a callback that goes on is reported; None leaves it to the variable
            ``PYLOOP_STALL``.

    Raises:
        RuntimeError: this interpreter or system is not supported, no engine could be started, the files of this package
            are out of reach, or this process is the fork of one whose engine is a JVM.
        ValueError: ``PYLOOP_MAX_HEAP`` is no size; or a threshold is not a positive number.
        OSError: descriptors are exhausted.
    """
    return _loop_class()(slow_callback_threshold=slow_callback_threshold, stall_threshold=stall_threshold)


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
            value = _loop_class()
        elif name == "EventLoopPolicy" and name in __all__:
            from . import _policy  # noqa: PLC0415 - most programs name their loop

            value = _policy.EventLoopPolicy
        elif name in {"Histogram", "LoopMetrics"}:
            from ._observe import snapshot  # noqa: PLC0415 - most programs do not ask

            value = getattr(snapshot, name)
        elif name in {"SlowCallback", "Stall"}:
            from ._observe import reports  # noqa: PLC0415 - most programs have none

            value = getattr(reports, name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value
