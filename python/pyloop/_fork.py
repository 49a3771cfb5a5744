"""Makes PyLoop say so, instead of hanging, in the child of a fork: a JVM does not survive one.

The child has the parent's memory but only one thread, so the first Java code that needs the JVM's others would wait for
ever. Therefore nothing there may enter Java: methods are replaced, on the classes, by ones that do nothing where a
program only tidies up, and raise everywhere else.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from typing import TYPE_CHECKING, Any, NoReturn

from . import _engine, _fault_handlers, _stock

if TYPE_CHECKING:
    import types

_TP_TRAVERSE = 184  # offset of PyTypeObject.tp_traverse, the same in every supported version

_RUN_FOREVER = _stock.base_events.BaseEventLoop.run_forever.__code__

_REFUSAL = (
    "PyLoop cannot be used in the child of os.fork() once a PyLoop event loop was made in the parent: the Java virtual "
    "machine does not survive a fork. Start processes with the 'spawn' or 'forkserver' method, or make the first event "
    "loop after the fork. asyncio's own event loop works here: asyncio.run(main(), "
    "loop_factory=asyncio.SelectorEventLoop)."
)

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
    for name in [
        name for name, value in vars(_engine.EventLoop).items() if not name.startswith("__") and callable(value)
    ]:
        setattr(_engine.EventLoop, name, _HARMLESS.get(name, _refuse))
    for handle_class in set(_engine.HANDLE_CLASSES):
        # What remains is asyncio's cancel().
        del handle_class.cancel
    # Not asking the loop what it refers to keeps its callbacks alive in the child, which is harmless.
    ctypes.c_void_p.from_address(id(_engine.EventLoop) + _TP_TRAVERSE).value = None
    _fault_handlers.restore_before_jvm()
    loop_class.run_forever = _refuse  # type: ignore[attr-defined]
    _keep_from_returning(sys._getframe())


def _keep_from_returning(frame: types.FrameType | None) -> None:
    """End the child if a callback forked, when the callback returns: it would return into Java.

    As a rule it never does, because it replaces the program or ends the process itself. An exception cannot take the
    place of the exit, for the frames it would have to pass are Java's too.
    """
    callback = None
    while frame is not None and frame.f_code is not _RUN_FOREVER:
        callback, frame = frame, frame.f_back
    if frame is None or type(frame.f_locals["self"]).run_forever is not _refuse:
        return

    def watch(frame: types.FrameType, event: str, _: object) -> None:
        if frame is callback and event == "return":
            sys.stderr.write(f"A callback forked and returned in the child, which ends here. {_REFUSAL}\n")
            sys.stderr.flush()
            os._exit(1)

    sys.setprofile(watch)


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise RuntimeError(_REFUSAL)


def _nothing(*_: Any) -> None:
    pass


# What close(), destructors, cancel() and repr() call.
_HARMLESS: dict[str, Any] = {
    "time": lambda _loop: time.monotonic(),
    "_clear": _nothing,
    "_reader": _nothing,
    "_ready_count": lambda _loop: 0,
    "_release": _nothing,
    "_remove_reader": lambda _loop, _file: False,
    "_remove_writer": lambda _loop, _file: False,
    "_set": _nothing,
    "_timer_handle_cancelled": _nothing,
    "_track_kept_handles": staticmethod(_nothing),
    "_write_to_self": _nothing,
    "_writer": _nothing,
}
