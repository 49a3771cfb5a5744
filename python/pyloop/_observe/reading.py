"""Makes snapshots of what the engine counts."""

from __future__ import annotations

import time

from pyloop import _engine

from . import state
from .snapshot import ENGINE_ORDER, LoopMetrics, histogram

TYPE_CHECKING = False  # not from typing, which is dear to import
if TYPE_CHECKING:
    from typing import Any

    from pyloop._loop import EventLoop

_NANOSECOND = 1e-9
_NOTHING = ((0,) * len(ENGINE_ORDER), (0, 0), (0, 0))


def snapshot(loop: EventLoop) -> LoopMetrics:
    """Return what there is to know of a loop.

    Raises:
        RuntimeError: this process is the fork of one whose engine does not survive that.
    """
    if _engine.runtime.forked():
        raise RuntimeError("this process is the fork of one whose engine does not survive that")
    thread = loop._thread_id
    kept = loop._observed.shown
    if kept is not None:
        return _made(loop, *kept, thread)
    try:
        return _made(loop, loop._metrics(), len(loop._children), thread)
    except RuntimeError:
        # It is not made yet, or is being closed in another thread.
        return _made(loop, _NOTHING, 0, thread)


def all_snapshots() -> tuple[LoopMetrics, ...]:
    """Return what there is to know of each loop that is not closed."""
    return () if _engine.runtime.forked() else tuple(snapshot(loop) for loop in state.living())


def _made(
    loop: EventLoop,
    shown: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]],
    children: int,
    thread: int | None,
) -> LoopMetrics:
    counters, lateness, stretches = shown
    values: dict[str, Any] = dict(zip(ENGINE_ORDER, counters, strict=True))
    busy, idle = values.pop("busy"), values.pop("idle")
    values["asleep"] = bool(values["asleep"])
    if loop._handed_over:
        # Then Python has the queues.
        values["ready"], values["timers"] = len(loop._ready), len(loop._scheduled)
    return LoopMetrics(
        loop=loop._observed.number,
        name=loop._observed.name,
        time=time.monotonic(),
        running=thread is not None,
        busy_seconds=busy * _NANOSECOND,
        idle_seconds=idle * _NANOSECOND,
        slow_callbacks=loop._observed.slow_callbacks,
        connections=values["connections_opened"] - values["connections_lost"],
        children=children,
        delay=histogram(lateness),
        iteration=histogram(stretches),
        **values,
    )
