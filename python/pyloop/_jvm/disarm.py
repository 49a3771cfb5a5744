"""Takes Java out of the engine's classes, for a process whose Java virtual machine is dead or about to be.

Nothing may enter Java then. Methods are replaced, on the classes, by ones that do nothing where a program only tidies
up, and raise everywhere else.
"""

from __future__ import annotations

import asyncio
import atexit
import sys
import time

from pyloop import _engine

from . import collector

TYPE_CHECKING = False  # not from typing, which is dear to import
if TYPE_CHECKING:
    from typing import Any, NoReturn


def disarm(loop_class: type, refusal: str) -> None:
    """Make the engine's classes and ``loop_class``, derived from them, harmless; once per process.

    Args:
        loop_class: the class of the loops that programs get.
        refusal: the message of the RuntimeError that all use of a loop raises from now on.
    """

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise RuntimeError(refusal)

    for name in _methods(_engine.EventLoop):
        setattr(_engine.EventLoop, name, _HARMLESS.get(name, refuse))
    for engine_class in _transport_classes():
        for name in {*_methods(engine_class), *_HARMLESS_TRANSPORT}:
            setattr(engine_class, name, _HARMLESS_TRANSPORT.get(name, refuse))
    for handle_class in set(_engine.HANDLE_CLASSES):
        stock = asyncio.TimerHandle if issubclass(handle_class, asyncio.TimerHandle) else asyncio.Handle
        for name in _methods(handle_class):
            setattr(handle_class, name, getattr(stock, name))
    collector.pause()
    loop_class.run_forever = refuse  # type: ignore[attr-defined]


def at_exit(loop_class: type) -> None:
    """Disarm a process that borrows the JVM of somebody who may end it at exit, and has registered that before."""
    atexit.register(
        disarm, loop_class, "PyLoop cannot be used any more: its Java virtual machine, which is not its own, ends"
    )


def _transport_classes() -> list[type]:
    classes: list[type] = []
    if streams := sys.modules.get("pyloop._streams"):
        classes += [streams._Stream, streams._Acceptor]
    if datagrams := sys.modules.get("pyloop._datagrams"):
        classes.append(datagrams._Datagram)
    return classes


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
