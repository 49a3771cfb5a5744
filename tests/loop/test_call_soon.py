"""call_soon runs callbacks once, in the order they were given, an iteration at a time."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import pytest

from support.loops import LoopFactory, fresh_loop, run_iteration
from support.outcomes import assert_same_exception_type


def test_callbacks_run_in_the_order_given(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[int] = []
    for number in range(1000):
        each_loop.call_soon(ran.append, number)
    run_iteration(each_loop)
    assert ran == list(range(1000))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 300])
def test_positional_arguments_reach_the_callback(each_loop: asyncio.AbstractEventLoop, count: int) -> None:
    received: list[tuple[object, ...]] = []
    arguments = tuple(object() for _ in range(count))
    each_loop.call_soon(lambda *given: received.append(given), *arguments)
    run_iteration(each_loop)
    assert len(received) == 1
    assert len(received[0]) == count
    assert all(given is sent for given, sent in zip(received[0], arguments, strict=True))


def test_nothing_runs_before_the_loop_does(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    each_loop.call_soon(ran.append, "ran")
    assert ran == []
    run_iteration(each_loop)
    assert ran == ["ran"]


def test_a_callback_runs_once(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    each_loop.call_soon(ran.append, "ran")
    for _ in range(3):
        run_iteration(each_loop)
    assert ran == ["ran"]


def test_an_iteration_runs_what_was_ready_when_it_began(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []

    def first() -> None:
        ran.append("first")
        each_loop.call_soon(ran.append, "from first")

    each_loop.call_soon(first)
    each_loop.call_soon(ran.append, "second")
    run_iteration(each_loop)
    assert ran == ["first", "second"]
    run_iteration(each_loop)
    assert ran == ["first", "second", "from first"]


def test_stop_lets_the_iteration_end(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []

    def stop() -> None:
        each_loop.stop()
        each_loop.call_soon(ran.append, "after stop")

    each_loop.call_soon(stop)
    each_loop.call_soon(ran.append, "same iteration")
    each_loop.run_forever()
    assert ran == ["same iteration"]
    run_iteration(each_loop)
    assert ran == ["same iteration", "after stop"]


def test_two_chains_take_turns(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []

    def step(name: str, left: int) -> None:
        ran.append(f"{name}{left}")
        if left:
            each_loop.call_soon(step, name, left - 1)
        elif name == "b":
            each_loop.stop()

    each_loop.call_soon(step, "a", 3)
    each_loop.call_soon(step, "b", 3)
    each_loop.run_forever()
    assert ran == ["a3", "b3", "a2", "b2", "a1", "b1", "a0", "b0"]


def test_the_queue_grows_while_callbacks_run(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[int] = []

    def fan_out(first: int) -> None:
        for number in range(first, first + 100):
            each_loop.call_soon(ran.append, number)

    for first in range(0, 10_000, 100):
        each_loop.call_soon(fan_out, first)
    run_iteration(each_loop)
    assert ran == []
    run_iteration(each_loop)
    assert ran == list(range(10_000))


def test_a_cancelled_callback_does_not_run(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    each_loop.call_soon(ran.append, "kept")
    each_loop.call_soon(ran.append, "cancelled").cancel()
    each_loop.call_soon(ran.append, "kept too")
    run_iteration(each_loop)
    assert ran == ["kept", "kept too"]


def test_a_callback_cancels_a_later_one_of_its_iteration(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    handles: list[asyncio.Handle] = []

    def cancel_the_next() -> None:
        handles[0].cancel()

    each_loop.call_soon(cancel_the_next)
    handles.append(each_loop.call_soon(ran.append, "cancelled"))
    each_loop.call_soon(ran.append, "kept")
    run_iteration(each_loop)
    assert ran == ["kept"]


def test_a_callback_may_cancel_its_own_handle(each_loop: asyncio.AbstractEventLoop) -> None:
    seen: list[bool] = []
    handles: list[asyncio.Handle] = []

    def cancel_myself() -> None:
        handles[0].cancel()
        seen.append(handles[0].cancelled())

    handles.append(each_loop.call_soon(cancel_myself))
    run_iteration(each_loop)
    assert seen == [True]


class _Callables:
    """One callable of every kind, all of which note their argument."""

    def __init__(self) -> None:
        self.noted: list[object] = []

    def method(self, value: object) -> None:
        self.noted.append(value)

    @classmethod
    def of_class(cls, noted: list[object]) -> None:
        noted.append("class method")

    @staticmethod
    def static(noted: list[object]) -> None:
        noted.append("static method")

    def __call__(self, value: object) -> None:
        self.noted.append(value)


class _Constructed:
    def __init__(self, noted: list[object]) -> None:
        noted.append("constructed")


def test_every_kind_of_callable_is_called(each_loop: asyncio.AbstractEventLoop) -> None:
    callables = _Callables()
    noted = callables.noted
    calls: list[tuple[Callable[..., object], tuple[object, ...]]] = [
        (callables.method, ("method",)),
        (callables, ("instance",)),
        (noted.append, ("builtin method",)),
        (_Callables.of_class, (noted,)),
        (_Callables.static, (noted,)),
        (_Constructed, (noted,)),
        (functools.partial(callables.method, "partial"), ()),
        (lambda value: noted.append(f"a {value}"), ("lambda",)),
        (list.append, (noted, "unbound")),
    ]
    for callback, arguments in calls:
        each_loop.call_soon(callback, *arguments)
    run_iteration(each_loop)
    assert noted == [
        "method",
        "instance",
        "builtin method",
        "class method",
        "static method",
        "constructed",
        "partial",
        "a lambda",
        "unbound",
    ]


@pytest.mark.parametrize("returned", [None, 0, NotImplemented, object(), ValueError("returned, not raised")])
def test_what_a_callback_returns_is_ignored(each_loop: asyncio.AbstractEventLoop, returned: object) -> None:
    reported: list[object] = []
    ran: list[str] = []
    each_loop.set_exception_handler(lambda _loop, context: reported.append(context))

    def callback() -> object:
        ran.append("ran")
        return returned

    each_loop.call_soon(callback)
    run_iteration(each_loop)
    assert ran == ["ran"]
    assert reported == []


def test_the_callback_may_be_named(each_factory: LoopFactory) -> None:
    ran: list[tuple[object, ...]] = []
    with fresh_loop(each_factory) as made:
        loop: Any = made
        loop.call_soon(callback=lambda: ran.append(("soon",)))
        loop.call_soon_threadsafe(callback=lambda: ran.append(("threadsafe",)))
        loop.call_later(delay=-1, callback=lambda: ran.append(("later",)))
        loop.call_at(when=0, callback=lambda: ran.append(("at",)))
        run_iteration(made)
    assert ran == [("soon",), ("threadsafe",), ("at",), ("later",)]


@pytest.mark.parametrize(
    "misuse",
    [
        lambda loop: loop.call_soon(),
        lambda loop: loop.call_soon(context=None),
        lambda loop: loop.call_soon(print, wrong=1),
        lambda loop: loop.call_soon(print, callback=print),
        lambda loop: loop.call_soon_threadsafe(),
        lambda loop: loop.call_soon_threadsafe(print, wrong=1),
        lambda loop: loop.call_later(),
        lambda loop: loop.call_later(1),
        lambda loop: loop.call_later(1, print, wrong=1),
        lambda loop: loop.call_later(1, print, delay=1),
        lambda loop: loop.call_at(),
        lambda loop: loop.call_at(1),
        lambda loop: loop.call_at(1, print, wrong=1),
        lambda loop: loop.time(1),
        lambda loop: loop.time(wrong=1),
    ],
)
def test_wrong_arguments_are_type_errors(misuse: Callable[[Any], object]) -> None:
    assert assert_same_exception_type(misuse) == "TypeError"


def test_callbacks_scheduled_while_stopped_wait_for_the_next_run(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    each_loop.call_soon(ran.append, "first run")
    run_iteration(each_loop)
    each_loop.call_soon(ran.append, "second run")
    assert ran == ["first run"]
    run_iteration(each_loop)
    assert ran == ["first run", "second run"]


def test_recursion_in_a_callback_is_an_ordinary_error(each_loop: asyncio.AbstractEventLoop) -> None:
    reported: list[dict[str, Any]] = []
    each_loop.set_exception_handler(lambda _loop, context: reported.append(context))

    def recurse() -> None:
        recurse()

    each_loop.call_soon(recurse)
    run_iteration(each_loop)
    assert [type(context["exception"]) for context in reported] == [RecursionError]
