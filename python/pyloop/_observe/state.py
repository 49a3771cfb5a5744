"""What is kept of each loop for those who look at it, and all loops that there are.

Comes with every loop, so it imports nothing that is dear.
"""

from __future__ import annotations

import itertools
import os
import weakref

TYPE_CHECKING = False  # not from typing, which is dear to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyloop._loop import EventLoop

    from .reports import SlowCallback, Stall
    from .watchdog import Watchdog

SLOW_CALLBACK = "PYLOOP_SLOW_CALLBACK"
STALL = "PYLOOP_STALL"
MONITOR = "PYLOOP_MONITOR"

_numbers = itertools.count(1)
_living: dict[int, weakref.ref[EventLoop]] = {}


class Observation:
    """What is kept of one loop. Guarded by the GIL."""

    __slots__ = (
        "longest",
        "name",
        "next_report",
        "number",
        "on_slow_callback",
        "on_stall",
        "shown",
        "slow_callbacks",
        "slow_threshold",
        "stall_threshold",
        "suppressed",
        "watchdog",
        "watched_until",
    )

    def __init__(self) -> None:
        self.number = next(_numbers)
        self.name = ""
        self.slow_callbacks = 0
        self.slow_threshold: float | None = None
        self.stall_threshold: float | None = None
        self.on_slow_callback: Callable[[SlowCallback], object] | None = None
        self.on_stall: Callable[[Stall], object] | None = None
        self.watchdog: Watchdog | None = None
        self.shown: tuple[Any, int] | None = None  # what the engine has shown last of a loop that is closed; children
        self.longest: dict[str, tuple[int, float, float]] = {}  # calls, seconds in all, the longest, by name
        self.watched_until = 0.0  # until when somebody wants to know the longest, whatever the threshold
        self.next_report = 0.0
        self.suppressed = 0


def enter(loop: EventLoop, number: int) -> None:
    """Take note of a loop."""
    _living[number] = weakref.ref(loop, lambda _: _living.pop(number, None))


def leave(number: int) -> None:
    """Forget a loop, which is closed."""
    _living.pop(number, None)


def living() -> list[EventLoop]:
    """Return the loops of the process that are not closed, in the order in which they were made."""
    loops = [reference() for _, reference in sorted(_living.copy().items())]
    return [loop for loop in loops if loop is not None]


def seconds_of(variable: str) -> float | None:
    """Return the seconds that an environment variable names, None for none.

    Raises:
        ValueError: it is no number, or not positive.
    """
    text = os.environ.get(variable)
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not seconds > 0:
        raise ValueError(f"{variable} is {text!r}, but must be a positive number of seconds")
    return seconds


def is_monitored() -> bool:
    """Tell whether the environment asks for a monitor."""
    return os.environ.get(MONITOR, "") not in {"", "0"}
