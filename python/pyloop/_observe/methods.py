"""The methods of a loop that show how it does."""

from __future__ import annotations

import contextlib
import threading

from pyloop import _engine

from . import state

TYPE_CHECKING = False  # not from typing, which is dear to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .reports import SlowCallback, Stall
    from .snapshot import LoopMetrics

_NANOSECONDS = 1e9
_LONGEST_MEASURED = 1e-4  # what somebody who looks for the longest callbacks hears of, in seconds


class ObserveMethods(_engine.EventLoop):
    """A part of the event loop class."""

    __slots__ = ()

    _children: dict[int, Any]
    _observed: state.Observation
    _thread_id: int | None

    def metrics(self) -> LoopMetrics:
        """Return what the loop has done and what it has; any thread may ask, and stops nobody.

        Of a loop that is closed it is what was known last.
        """
        from . import reading  # noqa: PLC0415 - most programs do not ask

        return reading.snapshot(self)  # type: ignore[arg-type]  # a part of it

    @property
    def slow_callback_threshold(self) -> float | None:
        """The seconds from which on a callback is reported, outside debug mode too; None for none.

        Set, it costs two readings of the clock for each callback.
        """
        return self._observed.slow_threshold

    @slow_callback_threshold.setter
    def slow_callback_threshold(self, seconds: float | None) -> None:
        self._observed.slow_threshold = _positive(seconds)
        self._settle_measuring()

    @property
    def stall_threshold(self) -> float | None:
        """The seconds after which a callback that goes on is reported, with the stack of its thread; None for none.

        Set, a thread looks after the loop while it runs.
        """
        return self._observed.stall_threshold

    @stall_threshold.setter
    def stall_threshold(self, seconds: float | None) -> None:
        self._observed.stall_threshold = _positive(seconds)
        self._end_watch()
        if self._thread_id is not None:
            self._begin_watch()

    @property
    def on_slow_callback(self) -> Callable[[SlowCallback], object] | None:
        """What is called with each report of a slow callback, beside the log; in the loop's thread."""
        return self._observed.on_slow_callback

    @on_slow_callback.setter
    def on_slow_callback(self, hook: Callable[[SlowCallback], object] | None) -> None:
        self._observed.on_slow_callback = hook

    @property
    def on_stall(self) -> Callable[[Stall], object] | None:
        """What is called with each report of a stall, beside the log; in another thread than the loop's."""
        return self._observed.on_stall

    @on_stall.setter
    def on_stall(self, hook: Callable[[Stall], object] | None) -> None:
        self._observed.on_stall = hook

    def _observe(self, slow_callback_threshold: float | None, stall_threshold: float | None) -> None:
        """Begin with what the arguments or the environment ask for.

        Raises:
            ValueError: a threshold is not positive.
        """
        observed = self._observed
        observed.slow_threshold = _positive(slow_callback_threshold) or state.seconds_of(state.SLOW_CALLBACK)
        observed.stall_threshold = _positive(stall_threshold) or state.seconds_of(state.STALL)
        if observed.slow_threshold is not None:
            self._settle_measuring()
        state.enter(self, observed.number)  # type: ignore[arg-type]

    def _settle_measuring(self) -> None:
        """Have the engine measure callbacks, if anybody wants it to."""
        observed = self._observed
        wanted = observed.slow_threshold
        if observed.watched_until:
            wanted = _LONGEST_MEASURED if wanted is None else min(wanted, _LONGEST_MEASURED)
        if wanted is not None:
            from . import reports  # noqa: F401, PLC0415 - later there may be no file to import from
        self._measure(0 if wanted is None else max(int(wanted * _NANOSECONDS), 1))

    def _hear_of_slow(self, subject: Any, arguments: tuple[Any, ...] | None, seconds: float) -> None:
        from . import reports  # noqa: PLC0415 - imported already where calls are measured

        reports.hear_of_slow(self, subject, arguments, seconds)  # type: ignore[arg-type]

    def _note_run(self) -> None:
        """Take note that a run begins, in the thread that calls."""
        self._observed.name = threading.current_thread().name
        self._begin_watch()

    def _keep_metrics(self) -> None:
        """Keep what is known of the loop, which is about to be closed."""
        state.leave(self._observed.number)
        # In a fork that a JVM does not survive, for example, there is no engine any more to ask.
        with contextlib.suppress(RuntimeError):
            self._observed.shown = self._metrics(), len(self._children)

    def _begin_watch(self) -> None:
        if self._observed.stall_threshold is not None and self._observed.watchdog is None:
            from . import watchdog  # noqa: PLC0415 - most programs have none

            self._observed.watchdog = watchdog.Watchdog(self)  # type: ignore[arg-type]

    def _end_watch(self) -> None:
        dog, self._observed.watchdog = self._observed.watchdog, None
        if dog is not None:
            dog.end()


def _positive(seconds: Any) -> float | None:
    if seconds is None:
        return None
    if not seconds > 0:
        raise ValueError(f"a threshold must be a positive number of seconds, not {seconds!r}")
    return float(seconds)
