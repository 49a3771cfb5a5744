"""A cancelled timer does not run, lets go of its callback at once and does not stay in the loop for long."""

from __future__ import annotations

import asyncio
import random
import weakref

from support.loops import collect_until, run_iteration


class _Argument:
    """Something that can be referred to weakly."""


def test_a_cancelled_timer_does_not_run(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    each_loop.call_later(0, ran.append, "cancelled").cancel()
    each_loop.call_later(0, ran.append, "kept")
    run_iteration(each_loop)
    assert ran == ["kept"]


def test_a_timer_is_cancelled_by_another_of_its_iteration(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    handles: list[asyncio.TimerHandle] = []

    def cancel_the_next() -> None:
        handles[0].cancel()

    each_loop.call_at(1, cancel_the_next)
    handles.append(each_loop.call_at(2, ran.append, "cancelled"))
    each_loop.call_at(3, ran.append, "kept")
    run_iteration(each_loop)
    assert ran == ["kept"]


def test_cancelling_again_or_after_the_run_is_harmless(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    cancelled = each_loop.call_at(1, ran.append, "cancelled")
    cancelled.cancel()
    cancelled.cancel()
    done = each_loop.call_at(1, ran.append, "done")
    run_iteration(each_loop)
    done.cancel()
    assert ran == ["done"]
    assert cancelled.cancelled()
    assert done.cancelled()
    run_iteration(each_loop)
    assert ran == ["done"]


def test_a_cancelled_timer_lets_go_of_its_callback_at_once(each_loop: asyncio.AbstractEventLoop) -> None:
    argument = _Argument()
    reference = weakref.ref(argument)
    handle = each_loop.call_later(3600, print, argument)
    del argument
    assert reference() is not None
    handle.cancel()
    assert reference() is None


def test_a_hundred_thousand_cancelled_timers_leave_the_loop(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    references: list[weakref.ref[asyncio.TimerHandle]] = []
    for number in range(100_000):
        handle = each_loop.call_later(3600 + number, print)
        if number % 100 == 0:
            references.append(weakref.ref(handle))
        handle.cancel()
    del handle
    each_loop.call_later(0, ran.append, "kept")
    run_iteration(each_loop)
    assert ran == ["kept"]
    assert collect_until(lambda: sum(reference() is not None for reference in references) < len(references) // 2)


def test_the_living_keep_their_order_through_compaction(each_loop: asyncio.AbstractEventLoop) -> None:
    choose = random.Random(5)
    start = each_loop.time() - 100
    ran: list[int] = []
    numbers = list(range(5000))
    choose.shuffle(numbers)
    handles = {number: each_loop.call_at(start + number / 1000, ran.append, number) for number in numbers}
    far = [each_loop.call_later(3600, ran.append, -1) for _ in range(20_000)]
    for handle in far:
        handle.cancel()
    doomed = set(choose.sample(numbers, 4000))
    for number in doomed:
        handles[number].cancel()
    run_iteration(each_loop)
    assert ran == sorted(set(numbers) - doomed)


def test_timers_are_cancelled_and_added_while_others_run(each_loop: asyncio.AbstractEventLoop) -> None:
    choose = random.Random(6)
    pending: dict[int, asyncio.TimerHandle] = {}
    ran: set[int] = set()
    cancelled: set[int] = set()
    total = 3000

    def fire(number: int) -> None:
        ran.add(number)
        del pending[number]
        if pending and choose.random() < 0.5:
            doomed = choose.choice(list(pending))
            pending.pop(doomed).cancel()
            cancelled.add(doomed)
        if choose.random() < 0.5:
            add()

    def add() -> None:
        number = len(ran) + len(cancelled) + len(pending)
        if number < total:
            pending[number] = each_loop.call_at(each_loop.time() - choose.random(), fire, number)

    for _ in range(500):
        add()
    while pending:
        run_iteration(each_loop)
    assert not ran & cancelled
    assert ran | cancelled == set(range(len(ran) + len(cancelled)))
    assert len(ran) > 100
    assert len(cancelled) > 100


def test_the_next_timer_counts_when_the_first_is_cancelled(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    first = each_loop.call_later(0.001, ran.append, "cancelled")
    each_loop.call_later(0.004, ran.append, "kept")
    each_loop.call_later(0.006, each_loop.stop)
    first.cancel()
    each_loop.run_forever()
    assert ran == ["kept"]


def test_a_loop_whose_timers_are_all_cancelled_can_still_be_woken(each_loop: asyncio.AbstractEventLoop) -> None:
    for _ in range(10):
        each_loop.call_later(0.001, print).cancel()

    async def main() -> str:
        return await asyncio.to_thread(lambda: "woken")

    assert each_loop.run_until_complete(main()) == "woken"
    each_loop.run_until_complete(each_loop.shutdown_default_executor())
