"""Makes PyLoop say so, instead of hanging, in the child of a fork: a JVM does not survive one.

The child has the parent's memory but only one thread, so the first Java code that needs the JVM's others would wait for
ever. Therefore nothing there may enter Java: methods are replaced, on the classes, by one that raises.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any, NoReturn

from . import _engine, _fault_handlers

_TP_TRAVERSE = 184  # offset of PyTypeObject.tp_traverse, the same in every supported version

_happened = False


def happened() -> bool:
    """Tell whether this process is a fork of one in which the JVM runs."""
    return _happened


def protect(loop_class: type) -> None:
    """Arrange for ``loop_class``, the subclass of the engine's, to be made harmless in the child."""
    os.register_at_fork(after_in_child=lambda: _disarm(loop_class))


def _disarm(loop_class: type) -> None:
    global _happened  # noqa: PLW0603 - the one fact of this module, written once per process
    _happened = True
    for name in [name for name, value in vars(_engine.EventLoop).items() if not name.startswith("__") and callable(value)]:
        setattr(_engine.EventLoop, name, _refuse)
    for handle_class in (_engine.Handle, _engine.TimerHandle):
        # What remains is asyncio's cancel().
        del handle_class.cancel
    # Not asking the loop what it refers to keeps its callbacks alive in the child, which is harmless.
    ctypes.c_void_p.from_address(id(_engine.EventLoop) + _TP_TRAVERSE).value = None
    _fault_handlers.restore_before_jvm()
    loop_class.run_forever = _refuse  # type: ignore[attr-defined]


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise RuntimeError(
        "PyLoop cannot be used in the child of os.fork() once a PyLoop event loop was made in the parent: the Java virtual "
        "machine does not survive a fork. Start processes with the 'spawn' or 'forkserver' method, or make the first "
        "event loop after the fork. asyncio's own event loop works here: asyncio.run(main(), "
        "loop_factory=asyncio.SelectorEventLoop)."
    )
