"""Tells of a loop that does not come back, while that lasts.

A thread looks after the loop, as long as the loop runs and its threshold is set; so there is none otherwise. A signal
would need no thread, but interrupt the program's system calls, and the timer for it may be the program's own. The
thread needs the GIL to look: of a C function that holds it all the time it tells when that has given it up.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback

from .reports import Stall, logger

TYPE_CHECKING = False  # not from typing, which is dear to import
if TYPE_CHECKING:
    from pyloop._loop import EventLoop

_LOOKS_PER_THRESHOLD = 4
_STACK_LIMIT = 64


class Watchdog:
    """Looks after one run of a loop, in a thread of its own, until it is told to end."""

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop
        self._ended = threading.Event()
        self._since = time.monotonic()
        self._thread = threading.Thread(
            target=self._watch, name=f"pyloop-watchdog-{loop._observed.number}", daemon=True
        )
        self._thread.start()

    def end(self) -> None:
        """Have the thread end, which may call a hook still."""
        self._ended.set()

    def _watch(self) -> None:
        threshold = self._loop.stall_threshold
        if threshold is None:
            return
        progress: object = None
        next_report = threshold
        reported = False
        while not self._ended.wait(threshold / _LOOKS_PER_THRESHOLD):
            now = time.monotonic()
            seen = self._progress()
            if seen is None or seen != progress:
                if reported:
                    logger.warning("stalled loop: it goes on, after %.1f seconds", now - self._since)
                progress, self._since = seen, now
                next_report, reported = threshold, False
            elif now - self._since >= next_report:
                self._report(now - self._since)
                reported = True
                next_report *= 2

    def _progress(self) -> tuple[int, ...] | None:
        """Return what changes when the loop gets on; None while it waits for something to do."""
        try:
            metrics = self._loop.metrics()
        except Exception:  # whatever it is, the next look may succeed
            return None
        return None if metrics.asleep else (metrics.iterations, metrics.callbacks, metrics.polls)

    def _report(self, seconds: float) -> None:
        loop = self._loop
        frame = sys._current_frames().get(loop._thread_id or 0)
        if frame is None:
            return
        stack = traceback.format_stack(frame, _STACK_LIMIT)
        lines = tuple(line for entry in stack for line in entry.rstrip().splitlines())
        del frame
        report = Stall(loop._observed.number, loop._observed.name, seconds, lines)
        logger.warning("%s", report)
        hook = loop._observed.on_stall
        if hook is not None:
            try:
                hook(report)
            except Exception:
                logger.exception("the hook for stalls failed")
