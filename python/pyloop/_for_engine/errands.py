"""Calls that the engine leaves to Python, because they may run code of the program's.

Greenlets move pieces of the C stack away and back, and such a piece must hold no frame of Java's. So the engine notes
what to call. When it has no frame on the stack any more, a function of this module makes the calls.
"""

from __future__ import annotations

from .callbacks import report_source

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from pyloop._loop import EventLoop


def run(errands: tuple[Any, ...]) -> None:
    """Run the errands that a method has left, of each a context to enter or None, a function and its arguments.

    An exception reaches the caller when the rest has run.
    """
    _run(iter(errands))


def _run(errands: Iterator[Any]) -> None:
    try:
        for context, function, arguments in zip(errands, errands, errands, strict=True):
            if context is None:
                function(*arguments)
            else:
                context.run(function, *arguments)
    except BaseException:
        _run(errands)
        raise


def run_for_loop(loop: EventLoop, errands: tuple[Any, ...]) -> None:
    """Run errands that the loop has between two callbacks. Exceptions are reported but those that leave the loop."""
    fields = iter(errands)
    try:
        for context, function, arguments in zip(fields, fields, fields, strict=True):
            if context is None:
                _run_one(loop, function, arguments)
            else:
                context.run(_run_one, loop, function, arguments)
    except BaseException:
        run_for_loop(loop, tuple(fields))
        raise


def _run_one(loop: EventLoop, function: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    try:
        function(*arguments)
        loop._flush_datagrams()
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as exc:
        report_source(loop, exc, arguments[0])
    finally:
        # The frame outlives the call in the traceback of an exception that somebody keeps.
        del loop, arguments
