"""The loop as an executor of Java's. Java runs what it is given; here are the timers of what is to run later."""

from __future__ import annotations

from typing import Any

from . import _bridge, _errors, _events


def executor() -> Any:
    """Return the running loop as a ``ScheduledExecutorService`` of Java's: a ``dev.pyloop.bridge.PyLoopExecutor``.

    It runs everything in the loop's thread, in the order in which it was handed over, from whichever thread. Handing
    over waits for nothing. What a ``Runnable`` given to ``execute`` throws goes to the loop's exception handler.
    Shutting the executor down leaves the loop as it is; each call returns another one.

    Raises:
        ImportError: JPype is not installed.
        RuntimeError: no event loop runs in this thread, or there is no Java virtual machine that can be used.
    """
    bridge = _bridge.running()
    return bridge.machine.executor(bridge.mailbox)


def _schedule(bridge: _bridge.Bridge, token: int, nanoseconds: int, task: Any) -> None:
    timers = bridge.timers

    def fire() -> None:
        timers.pop(token, None)
        task.fire()

    # A periodic task announces each of its runs.
    timers[token] = bridge.loop.call_later(nanoseconds * 1e-9, fire)


def _unschedule(bridge: _bridge.Bridge, token: int, _detail: int, _value: Any) -> None:
    timer = bridge.timers.pop(token, None)
    if timer is not None:
        timer.cancel()


def _failure(bridge: _bridge.Bridge, _token: int, _detail: int, throwable: Any) -> None:
    bridge.report("a Runnable of Java's failed", _errors.from_throwable(bridge.machine, throwable))


def _end(bridge: _bridge.Bridge, _token: int, _detail: int, _value: Any) -> None:
    bridge.lose()


_bridge.HANDLERS[_events.SCHEDULE] = _schedule
_bridge.HANDLERS[_events.UNSCHEDULE] = _unschedule
_bridge.HANDLERS[_events.FAILURE] = _failure
_bridge.HANDLERS[_events.END] = _end
