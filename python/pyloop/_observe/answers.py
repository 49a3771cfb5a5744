"""What a monitor answers: the metrics of all loops, as JSON, and which callbacks took longest while somebody looks."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import sys
import time

from pyloop import _engine

from . import state
from .reading import all_snapshots

TYPE_CHECKING = False  # not from typing, which is dear to import
if TYPE_CHECKING:
    import socket
    from typing import Any

    from .snapshot import Histogram, LoopMetrics

FORMAT = 1
WATCH = b"watch\n"
"""A request to measure callbacks as well, for as long as requests come."""
SNAPSHOT = b"snapshot\n"

PATIENCE = 10.0
"""Seconds after the last request when callbacks are not measured any more."""

_MOST = 10
_LONGEST_REQUEST = 64


def answer(connection: socket.socket) -> None:
    """Answer one request, and end the connection with that.

    Raises:
        OSError: the other end has gone, or does not get on.
    """
    request = connection.recv(_LONGEST_REQUEST)
    if request == WATCH:
        _watch()
    if request in {WATCH, SNAPSHOT}:
        connection.sendall(json.dumps(document()).encode())


def document() -> dict[str, Any]:
    """Return what an answer says."""
    longest = {loop._observed.number: loop._observed.longest.copy() for loop in state.living()}
    return {
        "format": FORMAT,
        "pid": os.getpid(),
        "python": platform.python_version(),
        "pyloop": sys.modules["pyloop"].__version__,
        "engine": _engine.runtime.NAME,
        "command": " ".join(sys.orig_argv),
        "loops": [_loop(each, longest.get(each.loop, {})) for each in all_snapshots()],
    }


def is_watched() -> bool:
    """Tell whether callbacks are measured because somebody looks."""
    return any(loop._observed.watched_until for loop in state.living())


def end_watch() -> None:
    """Stop measuring callbacks where nobody has asked of late."""
    now = time.monotonic()
    for loop in state.living():
        if loop._observed.watched_until and loop._observed.watched_until <= now:
            loop._observed.watched_until = 0.0
            loop._settle_measuring()


def _watch() -> None:
    until = time.monotonic() + PATIENCE / 2
    for loop in state.living():
        began = not loop._observed.watched_until
        loop._observed.watched_until = until
        if began:
            loop._observed.longest.clear()
            loop._settle_measuring()


def _loop(metrics: LoopMetrics, longest: dict[str, tuple[int, float, float]]) -> dict[str, Any]:
    fields = {field.name: getattr(metrics, field.name) for field in dataclasses.fields(metrics)}
    slowest = sorted(longest.items(), key=lambda each: each[1][2], reverse=True)[:_MOST]
    return fields | {
        "utilization": metrics.utilization,
        "delay": _histogram(metrics.delay),
        "iteration": _histogram(metrics.iteration),
        "longest": [
            {"callback": name, "calls": calls, "seconds": seconds, "max": most}
            for name, (calls, seconds, most) in slowest
        ],
    }


def _histogram(histogram: Histogram) -> dict[str, Any]:
    names = ("counts", "total", "max", "count", "min", "mean", "p50", "p90", "p99")
    return {name: getattr(histogram, name) for name in names}
