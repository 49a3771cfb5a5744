"""What the engine asks Python to do on its behalf: the rare cases of running a callback.

The functions do what private methods of asyncio do, and set private attributes of handles.
"""

from __future__ import annotations

import contextlib
import selectors
import signal

from pyloop._stock import base_events, format_helpers

from . import views

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from asyncio import Handle
    from typing import Any

    from pyloop._loop import EventLoop

# From 3.13 on (and in later releases of 3.12) asyncio shows arguments only in debug mode.
_HIDES_ARGUMENTS = "debug" in (format_helpers._format_callback_source.__kwdefaults__ or {})


def breathe() -> None:
    """Do nothing; as the interpreter calls this, it looks whether there is something else to do."""


def report_failure(handle: Handle, failure: BaseException) -> None:
    """Do what ``Handle._run`` does with the exception of its callback.

    The exception is raised anew, so that ``sys.exc_info()`` in an exception handler is what it is in asyncio.
    """
    loop: Any = handle._loop  # type: ignore[attr-defined]
    try:
        raise failure  # noqa: TRY301 - to be handled is its whole purpose
    except BaseException as exc:
        options = {"debug": loop.get_debug()} if _HIDES_ARGUMENTS else {}
        source = format_helpers._format_callback_source(handle._callback, handle._args, **options)  # type: ignore[attr-defined]
        context = {"message": f"Exception in callback {source}", "exception": exc, "handle": handle}
        if handle._source_traceback:  # type: ignore[attr-defined]
            context["source_traceback"] = handle._source_traceback  # type: ignore[attr-defined]
        loop.call_exception_handler(context)
    finally:
        # The traceback of the exception refers to this frame.
        del handle, failure, loop
        context = {}


def report_source(loop: Any, failure: BaseException, source: object) -> None:
    """Report an exception out of what the loop itself does for a transport or an acceptor."""
    try:
        raise failure  # noqa: TRY301 - as above
    except BaseException as exc:
        loop.call_exception_handler({"message": f"Exception in callback of {source!r}", "exception": exc})
    finally:
        del loop, failure, source


def run_in_debug_mode(loop: EventLoop, handle: Handle) -> None:
    """Do what ``BaseEventLoop._run_once`` does with a callback in debug mode."""
    try:
        loop._current_handle = handle
        start = loop.time()
        handle._run()
        elapsed = loop.time() - start
        if elapsed >= loop.slow_callback_duration:
            base_events.logger.warning("Executing %s took %.3f seconds", base_events._format_handle(handle), elapsed)
    finally:
        loop._current_handle = None
        # The frame outlives the call in the traceback of an exception that the callback raised and somebody kept.
        del loop, handle


def log_if_slow(loop: EventLoop, seconds: float) -> None:
    """Log, in debug mode, that the loop spent long on one transport."""
    if seconds >= loop.slow_callback_duration:
        base_events.logger.warning("Executing a transport's callback took %.3f seconds", seconds)


def report_slow(loop: EventLoop, subject: Any, arguments: tuple[Any, ...] | None, seconds: float) -> None:
    """Hear of a callback that took long, or a transport's call of its protocol, where ``arguments`` is None."""
    loop._hear_of_slow(subject, arguments, seconds)


def descriptor_of(loop: EventLoop, file: Any) -> int:
    """Return the descriptor of an object with a ``fileno`` method, as asyncio's selectors do.

    A file that was closed while it was watched still stands for the descriptor it had then.

    Raises:
        ValueError: the object has none.
    """
    try:
        descriptor = selectors._fileobj_to_fd(file)  # type: ignore[attr-defined]
    except ValueError:
        for descriptor, watched in loop._watched_files.items():
            if watched is file:
                return descriptor
        raise
    try:
        loop._watched_files[descriptor] = file
    except TypeError:
        # It cannot be referred to weakly, so it cannot be recognized after it was closed either.
        loop._watched_files.pop(descriptor, None)
    return int(descriptor)


def turn_of(loop: EventLoop, source: Any, kind: int) -> Handle:
    """Return a handle for the turn of a transport, an acceptor or a future."""
    return views.Turn(loop, source, kind)


def queue_turn(loop: EventLoop, source: Any, kind: int) -> None:
    """Queue the turn of a transport, an acceptor or a future as asyncio queues what its transports do."""
    loop.call_soon(loop._run_turn, source, kind)


def take_scheduled(loop: EventLoop) -> None:
    """Schedule the timers that asyncio's ``call_at`` has entered in the loop's list."""
    scheduled = loop._scheduled
    if isinstance(scheduled, views.Timers):
        scheduled.settle()


def look_again(loop: EventLoop) -> None:
    """Find out whether the program has replaced methods while the loop runs."""
    loop._look_from_outside()


def keep_wakeup(descriptor: int) -> None:
    """Have signals written to a descriptor of the program's; most who set one do not want warnings when it is full."""
    with contextlib.suppress(OSError):  # closed by whoever has set it
        signal.set_wakeup_fd(descriptor, warn_on_full_buffer=False)
