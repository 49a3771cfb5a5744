"""Makes PyLoop say so, instead of hanging, in the child of a fork: a JVM does not survive one.

The child has the parent's memory but only one thread, so the first Java code that needs the JVM's others would wait for
ever.
"""

from __future__ import annotations

import os
import sys

from pyloop import _stock

from . import collector, fault_handlers
from .disarm import disarm

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    import types

    from .disarm import Classes

_RUN_FOREVER = _stock.base_events.BaseEventLoop.run_forever.__code__

_REFUSAL = (
    "PyLoop, with the JVM as its engine, cannot be used in the child of os.fork() once a PyLoop event loop was made in "
    "the parent: the Java virtual machine does not survive a fork. Take the native engine, start processes with the "
    "'spawn' or 'forkserver' method, or make the first event loop after the fork. asyncio's own event loop works here: "
    "asyncio.run(main(), loop_factory=asyncio.SelectorEventLoop)."
)


def protect(classes: Classes) -> None:
    """Arrange for the engine's classes to be made harmless in the child."""
    collector.attach(classes.engine.EventLoop)
    # In the child the collector may run before anything of PyLoop's does.
    os.register_at_fork(
        before=collector.pause, after_in_parent=collector.resume, after_in_child=lambda: _disarm(classes)
    )


def _disarm(classes: Classes) -> None:
    disarm(classes, _REFUSAL)
    classes.loop._give_up_signals_in_child()
    fault_handlers.restore_before_jvm()
    _keep_from_returning(sys._getframe(), classes.loop)


def _keep_from_returning(frame: types.FrameType | None, loop_class: type) -> None:
    """End the child if a callback forked, when the callback returns: it would return into Java.

    As a rule it never does, because it replaces the program or ends the process itself. An exception cannot take the
    place of the exit, for the frames it would have to pass are Java's too.
    """
    callback = None
    while frame is not None and frame.f_code is not _RUN_FOREVER:
        callback, frame = frame, frame.f_back
    if frame is None or not isinstance(frame.f_locals["self"], loop_class):
        return

    def watch(frame: types.FrameType, event: str, _: object) -> None:
        if frame is callback and event == "return":
            sys.stderr.write(f"A callback forked and returned in the child, which ends here. {_REFUSAL}\n")
            sys.stderr.flush()
            os._exit(1)

    sys.setprofile(watch)
