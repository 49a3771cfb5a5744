"""Reports of callbacks that take long, and of loops that do not come back: to the log, and to the program's hooks."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import time
import traceback

from pyloop._for_engine.callbacks import run_in_debug_mode

TYPE_CHECKING = False  # not from typing, which is dear to import
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

    from pyloop._loop import EventLoop

logger = logging.getLogger("pyloop")

_SECONDS_BETWEEN_REPORTS = 1.0
_MOST_NAMES = 256
_STACK_LIMIT = 16


@dataclasses.dataclass(frozen=True, slots=True)
class SlowCallback:
    """A callback that took longer than the loop's threshold."""

    loop: int
    """The number of the loop, as in its metrics."""
    callback: str
    """What ran: the name of the function, of the task's coroutine, or the transport that called its protocol."""
    seconds: float
    """How long it took."""
    task: str | None
    """The name of the task that the callback ran a step of, if it did."""
    stack: tuple[str, ...]
    """Where that task's coroutine waits now, a line for each frame, the outermost one first."""
    unreported: int
    """How many there were since the last report, which was less than a second ago."""

    def __str__(self) -> str:
        what = f"{self.callback} of task {self.task}" if self.task is not None else self.callback
        more = f" ({self.unreported} others since the last report)" if self.unreported else ""
        return "\n".join((f"slow callback: {what} took {self.seconds:.3f} seconds{more}", *self.stack))


@dataclasses.dataclass(frozen=True, slots=True)
class Stall:
    """A loop that has not come back from a callback for longer than the loop's threshold."""

    loop: int
    """The number of the loop, as in its metrics."""
    thread: str
    """The name of the thread that runs it."""
    seconds: float
    """For how long it has been seen not to come back by now."""
    stack: tuple[str, ...]
    """The Python stack of that thread, a line for each frame, the innermost one last."""

    def __str__(self) -> str:
        first = f"stalled loop: no callback has ended for {self.seconds:.1f} seconds in {self.thread}"
        return "\n".join((first, *self.stack))


def hear_of_slow(loop: EventLoop, subject: Any, arguments: tuple[Any, ...] | None, seconds: float) -> None:
    """Take note of a call that was measured, and report it if it took too long and the last report is old enough."""
    observed = loop._observed
    callback, arguments = _seen(subject, arguments)
    name = name_of(callback, arguments)
    _note_longest(observed.longest, name, seconds)
    threshold = observed.slow_threshold
    if threshold is None or seconds < threshold:
        return
    observed.slow_callbacks += 1
    now = time.monotonic()
    if now < observed.next_report:
        observed.suppressed += 1
        return
    observed.next_report = now + _SECONDS_BETWEEN_REPORTS
    unreported, observed.suppressed = observed.suppressed, 0
    task = task_of(callback, arguments)
    report = SlowCallback(
        loop=observed.number,
        callback=name,
        seconds=seconds,
        task=None if task is None else task.get_name(),
        stack=() if task is None else _lines_of(task),
        unreported=unreported,
    )
    logger.warning("%s", report)
    if observed.on_slow_callback is not None:
        observed.on_slow_callback(report)


def name_of(callback: Any, arguments: tuple[Any, ...] | None) -> str:
    """Return what a callback is called: a name that all callbacks of its kind share."""
    task = task_of(callback, arguments)
    if task is not None:
        coroutine = task.get_coro()
        return str(getattr(coroutine, "__qualname__", type(coroutine).__qualname__))
    if arguments is None:
        protocol = None
        with contextlib.suppress(Exception):
            protocol = callback.get_protocol()
        return type(callback if protocol is None else protocol).__qualname__
    while hasattr(callback, "func"):
        callback = callback.func
    name = getattr(callback, "__qualname__", None)
    return str(name if name is not None else type(callback).__qualname__)


def task_of(callback: Any, arguments: tuple[Any, ...] | None) -> asyncio.Task[Any] | None:
    """Return the task that a callback runs a step of, if it does."""
    owner = getattr(callback, "__self__", None)
    if isinstance(owner, asyncio.Task) and arguments is not None:
        return owner
    return None


def _seen(subject: Any, arguments: tuple[Any, ...] | None) -> tuple[Any, tuple[Any, ...] | None]:
    """Return the program's callback where a handle of its own runs it."""
    handle = None
    if subject is run_in_debug_mode and arguments is not None:
        handle = arguments[1]
    elif isinstance(getattr(subject, "__self__", None), asyncio.Handle):
        handle = subject.__self__
    if handle is None:
        return subject, arguments
    return getattr(handle, "_callback", None) or subject, getattr(handle, "_args", None) or ()


def _note_longest(longest: dict[str, tuple[int, float, float]], name: str, seconds: float) -> None:
    calls, total, most = longest.get(name, (0, 0.0, 0.0))
    if not calls and len(longest) >= _MOST_NAMES:
        longest.pop(min(longest, key=lambda each: longest[each][2]))
    longest[name] = calls + 1, total + seconds, max(most, seconds)


def _lines_of(task: asyncio.Task[Any]) -> tuple[str, ...]:
    """Return where a task waits, down to the innermost coroutine; ``Task.get_stack`` tells of the outermost only."""
    frames: list[tuple[FrameType, int]] = []
    awaited: Any = task.get_coro()
    while awaited is not None and len(frames) < _STACK_LIMIT:
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is not None:
            frames.append((frame, frame.f_lineno))
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
    entries = traceback.StackSummary.extract(iter(frames)).format()
    return tuple(line for entry in entries for line in entry.rstrip().splitlines())
