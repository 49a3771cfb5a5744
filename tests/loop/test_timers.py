"""Timers run at their deadline, in the order of their deadlines, unless they are cancelled."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from support.loops import run_iteration
from support.outcomes import assert_same_exception_type, assert_same_outcome


def test_overdue_timers_run_in_the_order_of_their_deadlines(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[int] = []
    start = each_loop.time() - 10
    numbers = list(range(500))
    random.Random(1).shuffle(numbers)
    for number in numbers:
        each_loop.call_at(start + number / 1000, ran.append, number)
    run_iteration(each_loop)
    assert ran == list(range(500))


def test_timers_run_after_the_callbacks_that_were_ready(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    each_loop.call_later(0, ran.append, "timer")
    each_loop.call_later(-5, ran.append, "overdue timer")
    each_loop.call_soon(ran.append, "callback")
    run_iteration(each_loop)
    assert ran == ["callback", "overdue timer", "timer"]


def test_timers_of_one_deadline_run_first_come_first_served(loop: asyncio.AbstractEventLoop) -> None:
    ran: list[int] = []
    when = loop.time() - 1
    for number in range(1000):
        loop.call_at(when, ran.append, number)
    run_iteration(loop)
    assert ran == list(range(1000))


def test_ties_stay_in_order_among_other_deadlines_and_cancelled_timers(loop: asyncio.AbstractEventLoop) -> None:
    choose = random.Random(2)
    start = loop.time() - 10
    ran: list[tuple[int, int]] = []
    expected: list[tuple[int, int]] = []
    for number in range(2000):
        slot = choose.randrange(20)
        handle = loop.call_at(start + slot / 10, ran.append, (slot, number))
        if choose.random() < 0.4:
            handle.cancel()
        else:
            expected.append((slot, number))
    run_iteration(loop)
    assert ran == sorted(expected)


@pytest.mark.parametrize("delay", [0, 0.0, -0.0, -1, -1e9, float("-inf"), False, Fraction(0), Fraction(-1, 3)])
def test_a_delay_that_is_over_runs_in_the_next_iteration(each_loop: asyncio.AbstractEventLoop, delay: Any) -> None:
    ran: list[str] = []

    def schedule() -> None:
        each_loop.call_later(delay, ran.append, "timer")
        each_loop.call_soon(ran.append, "callback")

    each_loop.call_soon(schedule)
    run_iteration(each_loop)
    assert ran == []
    run_iteration(each_loop)
    assert ran == ["callback", "timer"]


def test_a_timer_never_runs_early(each_loop: asyncio.AbstractEventLoop) -> None:
    resolution = time.get_clock_info("monotonic").resolution
    choose = random.Random(3)
    early: list[float] = []
    order: list[float] = []
    handles: list[asyncio.TimerHandle] = []

    def check(number: int) -> None:
        when = handles[number].when()
        order.append(when)
        if each_loop.time() + resolution < when:
            early.append(when - each_loop.time())

    handles.extend(each_loop.call_later(choose.random() * 0.02, check, number) for number in range(200))
    each_loop.call_later(0.025, each_loop.stop)
    each_loop.run_forever()
    assert early == []
    assert order == sorted(handle.when() for handle in handles)


@pytest.mark.parametrize("delay", [0.000001, 0.00005, 0.0002, 0.0009, 0.0011])
def test_a_delay_below_a_millisecond_is_waited_for(each_loop: asyncio.AbstractEventLoop, delay: float) -> None:
    resolution = time.get_clock_info("monotonic").resolution
    moments: list[float] = []

    def fire() -> None:
        moments.append(each_loop.time())
        each_loop.stop()

    handle = each_loop.call_later(delay, fire)
    each_loop.run_forever()
    assert moments[0] + resolution >= handle.when()


def test_sub_millisecond_deadlines_keep_their_order(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[int] = []
    start = each_loop.time() + 0.002
    for number in reversed(range(100)):
        each_loop.call_at(start + number * 20e-6, ran.append, number)
    each_loop.call_at(start + 0.003, each_loop.stop)
    each_loop.run_forever()
    assert ran == list(range(100))


def test_a_timer_scheduled_by_a_timer_waits_for_its_own_iteration(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []

    def first() -> None:
        ran.append("first")
        each_loop.call_at(0, ran.append, "scheduled by first")

    each_loop.call_at(1, first)
    each_loop.call_at(2, ran.append, "second")
    run_iteration(each_loop)
    assert ran == ["first", "second"]
    run_iteration(each_loop)
    assert ran == ["first", "second", "scheduled by first"]


def test_a_repeating_timer_keeps_its_pace(each_loop: asyncio.AbstractEventLoop) -> None:
    ticks: list[float] = []

    def tick() -> None:
        ticks.append(each_loop.time())
        if len(ticks) == 10:
            each_loop.stop()
        else:
            each_loop.call_later(0.002, tick)

    began = each_loop.time()
    each_loop.call_later(0.002, tick)
    each_loop.run_forever()
    assert len(ticks) == 10
    assert ticks == sorted(ticks)
    assert ticks[-1] - began >= 0.0199


def test_time_reads_the_monotonic_clock(each_loop: asyncio.AbstractEventLoop) -> None:
    for _ in range(100):
        before, now, after = time.monotonic(), each_loop.time(), time.monotonic()
        assert isinstance(now, float)
        assert before <= now <= after


def test_when_is_the_deadline(each_loop: asyncio.AbstractEventLoop) -> None:
    before = each_loop.time()
    handle = each_loop.call_later(3600, print)
    after = each_loop.time()
    assert before + 3600 <= handle.when() <= after + 3600
    assert each_loop.call_at(1234.5678, print).when() == 1234.5678


@pytest.mark.parametrize("when", [5, True, Fraction(7, 2), 10**30])
def test_a_deadline_keeps_its_type(when: Any) -> None:
    def scenario(loop: Any) -> object:
        handle = loop.call_at(when, print)
        handle.cancel()
        return type(handle.when()), handle.when()

    assert_same_outcome(scenario)


def test_an_infinite_delay_never_ends(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    handle = each_loop.call_later(float("inf"), ran.append, "at the end of time")
    each_loop.call_later(1e300, ran.append, "almost")
    each_loop.call_later(0.002, each_loop.stop)
    each_loop.run_forever()
    assert ran == []
    assert handle.when() == float("inf")


def test_a_delay_that_is_not_a_number_is_over() -> None:
    """No deadline is after it. asyncio cannot wait for one, from CPython 3.13 on; what runs it anyway is a callback."""

    def scenario(loop: Any) -> object:
        ran: list[str] = []
        loop.call_later(float("nan"), ran.append, "not a number")
        loop.call_soon(ran.append, "callback")
        run_iteration(loop)
        return ran

    assert assert_same_outcome(scenario).text == "['callback', 'not a number']"


@pytest.mark.parametrize(
    "misuse",
    [
        lambda loop: loop.call_later(None, print),
        lambda loop: loop.call_at(None, print),
        lambda loop: loop.call_later("1", print),
        lambda loop: loop.call_later(object(), print),
    ],
)
def test_a_delay_that_is_no_number_at_all_is_a_type_error(misuse: Callable[[Any], object]) -> None:
    assert assert_same_outcome(misuse).raised == "TypeError"


@pytest.mark.parametrize("when", ["1", 1j, object()])
def test_a_deadline_that_cannot_be_compared_is_a_type_error(when: object) -> None:
    def scenario(loop: Any) -> object:
        loop.call_at(when, print)
        loop.call_later(0.001, loop.stop)
        return loop.run_forever()

    assert assert_same_exception_type(scenario) == "TypeError"


def test_many_timers_all_run(each_loop: asyncio.AbstractEventLoop) -> None:
    choose = random.Random(4)
    ran: list[float] = []
    start = each_loop.time()
    for _ in range(20_000):
        when = start + choose.random() * 0.05
        each_loop.call_at(when, ran.append, when)
    each_loop.call_at(start + 0.06, each_loop.stop)
    each_loop.run_forever()
    assert len(ran) == 20_000
    assert ran == sorted(ran)


def test_sleeping_tasks_wake_in_the_order_of_their_delays(each_loop: asyncio.AbstractEventLoop) -> None:
    woken: list[int] = []

    async def sleeper(number: int) -> None:
        # Far enough apart that a busy machine does not change the order in which they are due.
        await asyncio.sleep(number * 0.03)
        woken.append(number)

    async def main() -> None:
        await asyncio.gather(*(sleeper(number) for number in (3, 1, 4, 0, 2)))

    each_loop.run_until_complete(main())
    assert woken == [0, 1, 2, 3, 4]
