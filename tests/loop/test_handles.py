"""Handles are asyncio's: their class, methods, comparisons, representation and the fields that tools look at."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import functools
import pickle
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from support.loops import run_iteration
from support.outcomes import assert_same_exception_type, assert_same_kind, assert_same_outcome


def _callback(*arguments: object, **named: object) -> tuple[object, ...]:
    """A callback with a name and a place in a file, for representations."""
    return (*arguments, *named.values())


class _Named:
    def method(self) -> None:
        """A method, for representations."""

    def __call__(self) -> None:
        """A callable instance, for representations."""

    def __repr__(self) -> str:
        return "<a named thing>"


_CALLS: list[tuple[object, ...]] = [
    (_callback,),
    (_callback, 1, "two", None),
    (_callback, "x" * 500, list(range(100))),
    (_Named().method,),
    (_Named(),),
    (functools.partial(_callback, 1, key=2), 3),
    (functools.partial(_Named().method),),
    (print, "builtin"),
    (len,),
    ([].append, 1),
    (lambda: None,),
    (int,),
    (_Named,),
    (list.append, [], 1),
]


def _schedulers() -> dict[str, Callable[[Any], Any]]:
    return {
        "call_soon": lambda loop: loop.call_soon,
        "call_soon_threadsafe": lambda loop: loop.call_soon_threadsafe,
        "call_at": lambda loop: functools.partial(loop.call_at, 12345.5),
    }


@pytest.fixture(params=list(_schedulers()))
def scheduler(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """Each way to schedule a callback: a function from a loop to its scheduling method."""
    return _schedulers()[request.param]


def test_handles_are_instances_of_asyncio_s_classes(each_loop: asyncio.AbstractEventLoop) -> None:
    assert isinstance(each_loop.call_soon(print), asyncio.Handle)
    assert isinstance(each_loop.call_soon_threadsafe(print), asyncio.Handle)
    assert not isinstance(each_loop.call_soon(print), asyncio.TimerHandle)
    assert isinstance(each_loop.call_later(10, print), asyncio.TimerHandle)
    assert isinstance(each_loop.call_at(10**9, print), asyncio.TimerHandle)


@pytest.mark.parametrize("call", _CALLS)
@pytest.mark.parametrize("debug", [False, True])
def test_the_representation_is_asyncio_s(
    scheduler: Callable[[Any], Any], call: tuple[object, ...], debug: bool
) -> None:
    def scenario(loop: Any) -> object:
        loop.set_debug(debug)
        handle = scheduler(loop)(*call)
        before = repr(handle)
        handle.cancel()
        return before, repr(handle), str(handle)

    assert_same_outcome(scenario)


@pytest.mark.parametrize("debug", [False, True])
def test_the_representation_after_the_run_is_asyncio_s(debug: bool) -> None:
    def scenario(loop: Any) -> object:
        loop.set_debug(debug)
        handles = [loop.call_soon(_callback, 1), loop.call_soon_threadsafe(_callback, 2), loop.call_at(0.5, _callback)]
        run_iteration(loop)
        return [repr(handle) for handle in handles]

    assert_same_outcome(scenario)


def test_a_handle_in_debug_mode_tells_where_it_was_made(each_loop: asyncio.AbstractEventLoop) -> None:
    each_loop.set_debug(True)
    handle: Any = each_loop.call_soon(_callback)
    assert f"created at {__file__}:" in repr(handle)
    assert handle._source_traceback[-1].name == "test_a_handle_in_debug_mode_tells_where_it_was_made"
    each_loop.set_debug(False)
    plain: Any = each_loop.call_soon(_callback)
    assert plain._source_traceback is None


@pytest.mark.parametrize("debug", [False, True])
def test_the_fields_are_asyncio_s(scheduler: Callable[[Any], Any], debug: bool) -> None:
    def fields(handle: Any, loop: Any) -> list[object]:
        return [
            handle._callback,
            handle._args,
            handle._cancelled,
            handle._loop is loop,
            handle._repr,
            type(handle._context),
            type(handle._source_traceback),
        ]

    def scenario(loop: Any) -> object:
        loop.set_debug(debug)
        handle, other = scheduler(loop)(_callback, 1, 2), scheduler(loop)(_callback, 3)
        before = fields(handle, loop)
        other.cancel()
        run_iteration(loop)
        return before, fields(handle, loop), fields(other, loop)

    assert_same_outcome(scenario)


def test_cancel_and_cancelled(scheduler: Callable[[Any], Any]) -> None:
    def scenario(loop: Any) -> object:
        handle = scheduler(loop)(_callback)
        return handle.cancelled(), handle.cancel(), handle.cancelled(), handle.cancel(), handle.cancelled()

    assert_same_outcome(scenario)


def test_the_context_of_a_handle(scheduler: Callable[[Any], Any]) -> None:
    """Handles tell their context from CPython 3.12 on."""

    def scenario(loop: Any) -> object:
        given = contextvars.copy_context()
        own = scheduler(loop)(print).get_context()
        return scheduler(loop)(print, context=given).get_context() is given, type(own), own is given

    assert_same_kind(scenario)


def test_a_handle_runs_by_hand(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    handle: Any = each_loop.call_soon(ran.append, "ran")
    handle._run()
    assert ran == ["ran"]
    timer: Any = each_loop.call_later(3600, ran.append, "timer")
    timer._run()
    assert ran == ["ran", "timer"]
    run_iteration(each_loop)
    assert ran == ["ran", "timer", "ran"]


def test_weak_references(each_loop: asyncio.AbstractEventLoop, scheduler: Callable[[Any], Any]) -> None:
    handle: Any = scheduler(each_loop)(_callback)
    reference = weakref.ref(handle)
    assert reference() == handle
    gone: list[str] = []
    weakref.finalize(handle, gone.append, "gone")
    handle.cancel()
    del handle
    run_iteration(each_loop)
    each_loop.close()
    assert reference() is None
    assert gone == ["gone"]


def test_weak_references_end_with_the_run(each_loop: asyncio.AbstractEventLoop) -> None:
    """A handle whose memory is used again must not be seen through an old weak reference."""
    references = [weakref.ref(each_loop.call_soon(_callback, number)) for number in range(10)]
    assert all(reference() is not None for reference in references)
    run_iteration(each_loop)
    assert [reference() for reference in references] == [None] * 10
    later = [each_loop.call_soon(_callback, number) for number in range(10)]
    assert [reference() for reference in references] == [None] * 10
    assert len({id(handle) for handle in later}) == 10


def test_a_kept_handle_is_not_used_again(each_loop: asyncio.AbstractEventLoop) -> None:
    kept: Any = each_loop.call_soon(_callback, "kept")
    for number in range(100):
        each_loop.call_soon(_callback, number)
    run_iteration(each_loop)
    others: list[Any] = [each_loop.call_soon(_callback, number) for number in range(100)]
    assert all(other is not kept for other in others)
    assert kept._args == ("kept",)
    assert not kept.cancelled()


def test_a_handle_kept_by_its_own_callback_survives(each_loop: asyncio.AbstractEventLoop) -> None:
    kept: list[Any] = []
    handles: list[Any] = []

    def keep() -> None:
        kept.append(handles.pop())

    handles.append(each_loop.call_soon(keep))
    run_iteration(each_loop)
    each_loop.call_soon(_callback)
    assert kept[0]._callback is keep
    assert kept[0] is not each_loop.call_soon(_callback)


def test_timers_compare_by_their_deadlines() -> None:
    def scenario(loop: Any) -> object:
        first, second = loop.call_at(1000, _callback), loop.call_at(2000, _callback)
        twin, other = loop.call_at(1000, _callback), loop.call_at(1000, print)
        pairs = [(first, second), (second, first), (first, twin), (first, other), (first, first)]
        results: list[object] = []
        for left, right in pairs:
            results.append([left < right, left <= right, left > right, left >= right, left == right, left != right])
        twin.cancel()
        return results, first == twin, min(second, first) is first, first == 1000, first != 1000

    assert_same_outcome(scenario)


@pytest.mark.parametrize(
    "comparison",
    [
        lambda handle: handle < 1000,
        lambda handle: handle <= 1000,
        lambda handle: handle > None,
        lambda handle: handle >= "x",
    ],
)
def test_timers_do_not_compare_with_other_things(comparison: Callable[[Any], object]) -> None:
    assert assert_same_exception_type(lambda loop: comparison(loop.call_at(1000, print))) == "TypeError"


def test_plain_handles_have_no_order() -> None:
    assert assert_same_exception_type(lambda loop: loop.call_soon(print) < loop.call_soon(print)) == "TypeError"


def test_hashes() -> None:
    def scenario(loop: Any) -> object:
        timer, soon = loop.call_at(1000.25, print), loop.call_soon(print)
        return hash(timer) == hash(1000.25), len({soon, soon, loop.call_soon(print), timer})

    assert_same_outcome(scenario)


@pytest.mark.parametrize(
    "misuse",
    [
        lambda handle: handle.cancel(1),
        lambda handle: handle.cancelled(1),
        lambda handle: handle.cancel(wrong=1),
        lambda handle: handle.when(1),
        lambda handle: handle.no_such_method(),
        lambda handle: setattr(handle, "no_such_field", 1),
    ],
)
def test_misuse_of_a_handle(misuse: Callable[[Any], object]) -> None:
    assert assert_same_exception_type(lambda loop: misuse(loop.call_at(10**9, print))) in {
        "TypeError",
        "AttributeError",
    }


def test_a_plain_handle_has_no_deadline() -> None:
    assert assert_same_exception_type(lambda loop: loop.call_soon(print).when()) == "AttributeError"


def test_a_handle_cannot_be_pickled(each_loop: asyncio.AbstractEventLoop, scheduler: Callable[[Any], Any]) -> None:
    """It refers to its loop, which holds what no pickle can."""
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(scheduler(each_loop)(print))


def test_a_copy_of_a_handle_is_a_handle(scheduler: Callable[[Any], Any]) -> None:
    def scenario(loop: Any) -> object:
        handle = scheduler(loop)(_callback, 1)
        twin = copy.copy(handle)
        twin.cancel()
        return twin.cancelled(), handle.cancelled(), repr(handle)

    assert_same_outcome(scenario)


def test_the_callback_attribute_may_be_replaced(each_loop: asyncio.AbstractEventLoop) -> None:
    """Tracing tools wrap the callback of a handle that waits to run."""
    ran: list[str] = []
    handle: Any = each_loop.call_soon(ran.append, "original")
    handle._callback = lambda value: ran.append(f"wrapped {value}")
    other: Any = each_loop.call_later(0, ran.append, "original")
    other._args = ("replaced",)
    run_iteration(each_loop)
    assert ran == ["wrapped original", "replaced"]
