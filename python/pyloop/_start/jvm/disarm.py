"""Takes Java out of the engine's classes, for a process whose Java virtual machine is dead or about to be.

Nothing may enter Java then. Methods are replaced, on the classes, by ones that do nothing where a program only tidies
up, and raise everywhere else.
"""

from __future__ import annotations

import asyncio
import atexit
import time

from . import collector

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any, NoReturn

    from pyloop._loop import EventLoop


class Classes:
    """The classes through which a program reaches the engine."""

    def __init__(self, engine: ModuleType, loop: type[EventLoop], transports: Sequence[type]) -> None:
        """Name them.

        Args:
            engine: the module with the engine's classes of loops and handles.
            loop: the class of the loops that programs get, derived from the engine's.
            transports: the engine's classes of transports.
        """
        self.engine, self.loop, self.transports = engine, loop, transports


def disarm(classes: Classes, refusal: str) -> None:
    """Make the engine's classes harmless; once per process.

    Args:
        classes: what programs have of the engine.
        refusal: the message of the RuntimeError that all use of a loop raises from now on.
    """

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise RuntimeError(refusal)

    engine_loop = classes.engine.EventLoop
    for name in _methods(engine_loop):
        setattr(engine_loop, name, _HARMLESS.get(name, refuse))
    for engine_class in classes.transports:
        for name in {*_methods(engine_class), *_HARMLESS_TRANSPORT}:
            setattr(engine_class, name, _HARMLESS_TRANSPORT.get(name, refuse))
    for handle_class in set(classes.engine.HANDLE_CLASSES):
        stock = asyncio.TimerHandle if issubclass(handle_class, asyncio.TimerHandle) else asyncio.Handle
        for name in _methods(handle_class):
            setattr(handle_class, name, getattr(stock, name))
    collector.pause()
    classes.loop.run_forever = refuse  # type: ignore[method-assign]


def at_exit(classes: Classes) -> None:
    """Disarm a process that borrows the JVM of somebody who may end it at exit, and has registered that before."""
    atexit.register(
        disarm, classes, "PyLoop cannot be used any more: its Java virtual machine, which is not its own, ends"
    )


def _methods(engine_class: type) -> list[str]:
    return [name for name, value in vars(engine_class).items() if not name.startswith("__") and callable(value)]


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
    "_write_to_self": _nothing,
    "_writer": _nothing,
}

_HARMLESS_TRANSPORT: dict[str, Any] = {
    "__del__": _nothing,
    "_descriptor": lambda _transport: -1,
    "_drop": _nothing,
    "_flush": _nothing,
    "_end": _nothing,
    "_force_close": _nothing,
    "_give_up_descriptor": _nothing,
    "_is_closed": lambda _transport: True,
    "_is_open": lambda _transport: False,
    "_release": _nothing,
    "abort": _nothing,
    "close": _nothing,
    "get_protocol": lambda transport: transport._protocol,
    "get_write_buffer_size": lambda _transport: 0,
    "is_closing": lambda _transport: True,
    "is_reading": lambda _transport: False,
    "pause_reading": _nothing,
}
