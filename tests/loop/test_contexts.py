"""Every callback runs in its own contextvars context: a copy of the one it was scheduled in, or the one given."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from typing import Any

import pytest

from support.loops import run_idle, run_iteration
from support.outcomes import assert_same_outcome

_variable: contextvars.ContextVar[str] = contextvars.ContextVar("_variable", default="unset")


def _context(value: str) -> contextvars.Context:
    """A context in which the variable has `value`."""
    context = contextvars.copy_context()
    context.run(_variable.set, value)
    return context


_SCHEDULERS: dict[str, Callable[[asyncio.AbstractEventLoop], Callable[..., Any]]] = {
    "call_soon": lambda loop: loop.call_soon,
    "call_soon_threadsafe": lambda loop: loop.call_soon_threadsafe,
    "call_later": lambda loop: lambda callback, *args, **named: loop.call_later(0, callback, *args, **named),
    "call_at": lambda loop: lambda callback, *args, **named: loop.call_at(0, callback, *args, **named),
}


@pytest.fixture(params=list(_SCHEDULERS))
def schedule(request: pytest.FixtureRequest, each_loop: asyncio.AbstractEventLoop) -> Callable[..., Any]:
    """Each of a loop's scheduling methods, due at once."""
    return _SCHEDULERS[request.param](each_loop)


def test_the_current_context_is_copied(each_loop: asyncio.AbstractEventLoop, schedule: Callable[..., Any]) -> None:
    seen: list[str] = []

    def note_and_change() -> None:
        seen.append(_variable.get())
        _variable.set("changed by a callback")

    def schedule_two() -> None:
        _variable.set("at scheduling")
        schedule(note_and_change)
        schedule(note_and_change)
        _variable.set("later")

    contextvars.copy_context().run(schedule_two)
    run_iteration(each_loop)
    assert seen == ["at scheduling"] * 2
    assert _variable.get() == "unset"


def test_a_given_context_is_used_itself(each_loop: asyncio.AbstractEventLoop, schedule: Callable[..., Any]) -> None:
    given = _context("given")
    seen: list[str] = []

    def note_and_change() -> None:
        seen.append(_variable.get())
        _variable.set(f"{_variable.get()}+")

    schedule(note_and_change, context=given)
    schedule(note_and_change, context=given)
    run_iteration(each_loop)
    assert seen == ["given", "given+"]
    assert given[_variable] == "given++"


def test_no_context_given_by_name_is_no_context(
    each_loop: asyncio.AbstractEventLoop, schedule: Callable[..., Any]
) -> None:
    seen: list[str] = []
    _context("current").run(lambda: schedule(lambda: seen.append(_variable.get()), context=None))
    run_iteration(each_loop)
    assert seen == ["current"]


def test_callbacks_scheduled_by_a_callback_inherit_its_context(
    each_loop: asyncio.AbstractEventLoop, schedule: Callable[..., Any]
) -> None:
    seen: list[str] = []

    def first() -> None:
        _variable.set("set by first")
        schedule(lambda: seen.append(_variable.get()))

    schedule(first)
    schedule(lambda: seen.append(_variable.get()))
    run_idle(each_loop)
    assert seen == ["unset", "set by first"]


def test_the_context_is_left_after_an_error(each_loop: asyncio.AbstractEventLoop, schedule: Callable[..., Any]) -> None:
    seen: list[str] = []
    each_loop.set_exception_handler(lambda _loop, _context: None)

    def fail() -> None:
        _variable.set("failing")
        raise ValueError("expected")

    given = _context("given")
    schedule(fail)
    schedule(fail, context=given)
    schedule(lambda: seen.append(_variable.get()))
    schedule(lambda: seen.append(_variable.get()), context=given)
    run_iteration(each_loop)
    assert seen == ["unset", "failing"]
    assert _variable.get() == "unset"


def test_the_context_is_left_by_an_interrupt(
    each_loop: asyncio.AbstractEventLoop, schedule: Callable[..., Any]
) -> None:
    def interrupt() -> None:
        _variable.set("interrupted")
        raise KeyboardInterrupt

    given = _context("given")
    schedule(interrupt, context=given)
    with pytest.raises(KeyboardInterrupt):
        each_loop.run_forever()
    assert _variable.get() == "unset"
    assert given.run(_variable.get) == "interrupted"


def test_a_context_that_is_already_entered_is_an_error_of_the_callback() -> None:
    def scenario(loop: Any) -> object:
        given = _context("given")
        reported: list[object] = []
        ran: list[str] = []
        loop.set_exception_handler(
            lambda _loop, context: reported.append(
                (context["message"], type(context["exception"]), "is already entered" in str(context["exception"]))
            )
        )
        for method in _SCHEDULERS.values():
            method(loop)(ran.append, "ran", context=given)
        given.run(run_iteration, loop)
        return reported, ran

    assert_same_outcome(scenario)


@pytest.mark.parametrize("wrong", [5, "context", {}, object])
def test_a_context_of_the_wrong_type_is_reported_as_by_asyncio(wrong: object) -> None:
    def scenario(loop: Any) -> object:
        reported: list[object] = []
        loop.set_exception_handler(
            lambda _loop, context: reported.append((context["message"], repr(context["exception"])))
        )
        for method in _SCHEDULERS.values():
            method(loop)(print, context=wrong)
        run_iteration(loop)
        return reported

    assert_same_outcome(scenario)


def test_anything_that_runs_callbacks_serves_as_a_context(
    each_loop: asyncio.AbstractEventLoop, schedule: Callable[..., Any]
) -> None:
    ran: list[object] = []

    class Recorder:
        def run(self, callback: Callable[..., object], *args: object) -> object:
            ran.append("entered")
            return callback(*args)

    schedule(ran.append, "ran", context=Recorder())
    run_iteration(each_loop)
    assert ran == ["entered", "ran"]


def test_the_context_object_itself_is_current(
    each_loop: asyncio.AbstractEventLoop, schedule: Callable[..., Any]
) -> None:
    """A fresh variable set in the callback appears in the given context and nowhere else."""
    given = contextvars.Context()
    fresh: contextvars.ContextVar[int] = contextvars.ContextVar("fresh")
    sizes: list[int] = []

    def callback() -> None:
        sizes.append(len(contextvars.copy_context()))
        fresh.set(1)

    schedule(callback, context=given)
    run_iteration(each_loop)
    assert sizes == [0]
    assert dict(given) == {fresh: 1}


def test_future_callbacks_run_in_their_context(each_loop: asyncio.AbstractEventLoop) -> None:
    seen: list[str] = []
    future = each_loop.create_future()
    future.add_done_callback(lambda _future: seen.append(_variable.get()), context=_context("given"))
    _context("current").run(future.add_done_callback, lambda _future: seen.append(_variable.get()))
    future.set_result(None)
    run_iteration(each_loop)
    assert seen == ["given", "current"]


def test_every_step_of_a_task_runs_in_its_context(each_loop: asyncio.AbstractEventLoop) -> None:
    seen: list[str] = []

    async def step(name: str) -> None:
        _variable.set(name)
        for _ in range(3):
            await asyncio.sleep(0)
            seen.append(_variable.get())
            await asyncio.sleep(0.001)
            seen.append(_variable.get())

    async def main() -> None:
        await asyncio.gather(step("a"), step("b"))

    each_loop.run_until_complete(main())
    assert sorted(seen) == ["a"] * 6 + ["b"] * 6
    assert _variable.get() == "unset"


def test_a_task_runs_in_the_context_it_is_given(each_loop: asyncio.AbstractEventLoop) -> None:
    given = _context("given")

    async def change() -> str:
        before = _variable.get()
        await asyncio.sleep(0)
        _variable.set("changed")
        return before

    assert each_loop.run_until_complete(each_loop.create_task(change(), context=given)) == "given"
    assert given[_variable] == "changed"


def test_the_exception_handler_runs_in_asyncio_s_choice_of_context() -> None:
    """From CPython 3.12 on it is the context of the handle."""

    def scenario(loop: Any) -> object:
        seen: list[str] = []
        loop.set_exception_handler(lambda _loop, _context: seen.append(_variable.get()))
        for method in _SCHEDULERS.values():
            method(loop)(len, context=_context("given"))
        run_iteration(loop)
        return seen

    assert assert_same_outcome(scenario).raised is None


def test_many_contexts_do_not_mix(each_loop: asyncio.AbstractEventLoop) -> None:
    number: contextvars.ContextVar[int] = contextvars.ContextVar("number")
    wrong: list[tuple[int, int]] = []

    def check(expected: int, left: int) -> None:
        if number.get() != expected:
            wrong.append((number.get(), expected))
        number.set(expected + 1)
        if left:
            each_loop.call_soon(check, expected + 1, left - 1)

    for start in range(0, 100_000, 1000):
        context = contextvars.copy_context()
        context.run(number.set, start)
        each_loop.call_soon(check, start, 15, context=context)
    run_idle(each_loop)
    assert wrong == []
