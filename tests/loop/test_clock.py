"""A loop whose clock is replaced, by a subclass or on the instance, keeps that clock's time."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from typing import Any

import pytest

from support.loops import CLASSES, fresh_loop, run_iteration


class _Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _subclassed(base: Any, clock: _Clock) -> asyncio.AbstractEventLoop:
    class VirtualTimeLoop(base):  # type: ignore[misc]
        def time(self) -> float:
            return clock.now

    made: asyncio.AbstractEventLoop = VirtualTimeLoop()
    return made


def _patched(base: Any, clock: _Clock) -> asyncio.AbstractEventLoop:
    made: Any = base()
    made.time = clock
    assert isinstance(made, asyncio.AbstractEventLoop)
    return made


@pytest.mark.parametrize("make", [_subclassed, _patched])
@pytest.mark.parametrize("base", CLASSES.values(), ids=CLASSES.keys())
def test_timers_follow_a_replaced_clock(base: Any, make: Any) -> None:
    clock = _Clock()
    ran: list[tuple[float, str]] = []

    def note(name: str) -> None:
        ran.append((clock.now, name))

    with fresh_loop(lambda: make(base, clock)) as loop:
        assert loop.time() == 1000.0
        handle = loop.call_later(10, note, "ten")
        assert handle.when() == 1010.0
        loop.call_later(30, note, "thirty")
        loop.call_at(1020, note, "twenty")
        loop.call_later(15, note, "cancelled").cancel()
        for _ in range(8):
            run_iteration(loop)
            clock.now += 5
    assert ran == [(1010.0, "ten"), (1020.0, "twenty"), (1030.0, "thirty")]


@pytest.mark.parametrize("name", CLASSES.keys())
def test_what_is_due_this_very_moment_however_large_its_number(name: str) -> None:
    """Added to the number of many days, a nanosecond makes no difference."""
    if name == "asyncio" and sys.version_info < (3, 15):
        pytest.skip("before 3.15 asyncio takes it for not yet due")
    clock = _Clock()
    clock.now = 1e9
    ran: list[str] = []
    with fresh_loop(lambda: _patched(CLASSES[name], clock)) as loop:
        loop.call_at(1e9, ran.append, "now")
        loop.call_at(1e9 + 1, ran.append, "in a second")
        run_iteration(loop)
    assert ran == ["now"]


@pytest.mark.parametrize("make", [_subclassed, _patched])
@pytest.mark.parametrize("base", CLASSES.values(), ids=CLASSES.keys())
def test_hours_of_sleep_pass_in_no_time_on_a_virtual_clock(base: Any, make: Any) -> None:
    clock = _Clock()
    finished: list[float] = []

    async def sleeper(hours: int) -> None:
        await asyncio.sleep(3600 * hours)
        finished.append((clock.now - 1000) / 3600)

    async def main() -> None:
        sleepers = [asyncio.create_task(sleeper(hours)) for hours in (3, 1, 2)]
        while not all(task.done() for task in sleepers):
            clock.now += 60
            await asyncio.sleep(0)

    with fresh_loop(lambda: make(base, clock)) as loop:
        loop.run_until_complete(main())
    assert [round(hours) for hours in finished] == [1, 2, 3]


@pytest.mark.parametrize("base", CLASSES.values(), ids=CLASSES.keys())
def test_a_patch_of_the_clock_can_be_taken_back(base: Any) -> None:
    clock = _Clock()
    with fresh_loop(lambda: _patched(base, clock)) as loop:
        untyped: Any = loop
        del untyped.time
        assert loop.time() != clock.now
        ran: list[str] = []
        loop.call_later(0, ran.append, "due")
        run_iteration(loop)
        assert ran == ["due"]


@pytest.mark.parametrize("base", CLASSES.values(), ids=CLASSES.keys())
def test_an_error_of_the_clock_leaves_the_loop(base: Any) -> None:
    class BrokenClockLoop(base):  # type: ignore[misc]
        broken = False

        def time(self) -> float:
            if self.broken:
                raise LookupError("the clock has stopped")
            return 1000.0

    with fresh_loop(BrokenClockLoop) as loop:
        loop.call_later(10, print)
        BrokenClockLoop.broken = True
        with pytest.raises(LookupError, match="the clock has stopped"):
            run_iteration(loop)
        with pytest.raises(LookupError, match="the clock has stopped"):
            loop.call_later(10, print)
        assert not loop.is_running()


@pytest.mark.parametrize("base", CLASSES.values(), ids=CLASSES.keys())
def test_a_call_from_another_thread_while_the_clock_is_read_wakes_the_loop(base: Any) -> None:
    class YieldingClockLoop(base):  # type: ignore[misc]
        caller: threading.Thread | None = None

        def time(self) -> float:
            caller, self.caller = self.caller, None
            if caller is not None:
                caller.start()
                caller.join()
            return time.monotonic()

    with fresh_loop(YieldingClockLoop) as loop:
        started = time.monotonic()
        loop.call_later(20, loop.stop)
        # The loop reads the clock next when it has nothing else to do and is about to sleep.
        loop.call_soon(setattr, loop, "caller", threading.Thread(target=loop.call_soon_threadsafe, args=(loop.stop,)))
        loop.run_forever()
        assert time.monotonic() - started < 10
