"""Running, stopping and closing a loop, and the errors of doing so at the wrong moment: asyncio's, word for word."""

from __future__ import annotations

import asyncio
import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any

import pytest

from support.loops import FACTORIES, LoopFactory, fresh_loop, run_iteration
from support.outcomes import Outcome, assert_same_outcome, outcome_of


async def _answer(value: object = 42) -> object:
    """A coroutine that takes one turn of the loop."""
    await asyncio.sleep(0)
    return value


def _inside(action: Callable[[Any], object]) -> Callable[[Any], Outcome]:
    """A scenario in which `action` is done by a callback of the running loop; its outcome is returned."""

    def scenario(loop: Any) -> Outcome:
        outcomes: list[Outcome] = []

        def callback() -> None:
            outcomes.append(outcome_of(lambda: action(loop)))
            loop.stop()

        loop.call_soon(callback)
        loop.run_forever()
        return outcomes[0]

    return scenario


def _closed(action: Callable[[Any], object]) -> Callable[[Any], object]:
    """A scenario in which `action` is done on a closed loop."""

    def scenario(loop: Any) -> object:
        loop.close()
        return action(loop)

    return scenario


def _with_coroutine(loop: Any, action: Callable[[Any, Any], object]) -> object:
    """Do `action` with a coroutine, which is closed whether or not it was started."""
    coroutine = _answer()
    try:
        return action(loop, coroutine)
    finally:
        coroutine.close()


def test_a_loop_is_running_only_while_it_runs(each_loop: asyncio.AbstractEventLoop) -> None:
    seen: list[object] = []
    assert not each_loop.is_running()
    each_loop.call_soon(lambda: seen.extend([each_loop.is_running(), asyncio.get_running_loop() is each_loop]))
    run_iteration(each_loop)
    assert seen == [True, True]
    assert not each_loop.is_running()
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


def test_run_until_complete_returns_the_result(each_loop: asyncio.AbstractEventLoop) -> None:
    assert each_loop.run_until_complete(_answer("result")) == "result"
    future = each_loop.create_future()
    each_loop.call_soon(future.set_result, "of a future")
    assert each_loop.run_until_complete(future) == "of a future"
    assert each_loop.run_until_complete(each_loop.create_task(_answer("of a task"))) == "of a task"


def test_run_until_complete_takes_any_awaitable(each_loop: asyncio.AbstractEventLoop) -> None:
    class Awaitable:
        def __await__(self) -> Any:
            return _answer("awaited").__await__()

    assert each_loop.run_until_complete(Awaitable()) == "awaited"


def test_run_until_complete_raises_the_exception(each_loop: asyncio.AbstractEventLoop) -> None:
    async def fail() -> None:
        raise LookupError("from the coroutine")

    with pytest.raises(LookupError, match="from the coroutine"):
        each_loop.run_until_complete(fail())
    assert not each_loop.is_running()
    assert each_loop.run_until_complete(_answer()) == 42


def test_a_finished_future_takes_one_iteration(each_loop: asyncio.AbstractEventLoop) -> None:
    future = each_loop.create_future()
    future.set_result("done")
    ran: list[str] = []
    each_loop.call_soon(ran.append, "first iteration")
    each_loop.call_soon(each_loop.call_soon, ran.append, "second iteration")
    assert each_loop.run_until_complete(future) == "done"
    assert ran == ["first iteration"]


def test_stop_before_a_run_stops_it_after_one_iteration(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    each_loop.call_soon(ran.append, "ran")
    each_loop.call_soon(each_loop.call_soon, ran.append, "next")
    each_loop.stop()
    assert not each_loop.is_running()
    each_loop.run_forever()
    assert ran == ["ran"]


def test_stop_counts_once(each_loop: asyncio.AbstractEventLoop) -> None:
    for _ in range(3):
        each_loop.stop()
    each_loop.run_forever()
    ran: list[str] = []
    each_loop.call_soon(ran.append, "ran")
    each_loop.call_later(0.001, each_loop.stop)
    each_loop.run_forever()
    assert ran == ["ran"]


def test_a_stopped_loop_runs_again(each_loop: asyncio.AbstractEventLoop) -> None:
    for round_number in range(50):
        assert each_loop.run_until_complete(_answer(round_number)) == round_number
        each_loop.call_soon(each_loop.stop)
        each_loop.run_forever()


def test_close_forgets_what_was_scheduled(each_factory: LoopFactory) -> None:
    ran: list[str] = []
    with fresh_loop(each_factory) as loop:
        loop.call_soon(ran.append, "ready")
        loop.call_later(0, ran.append, "timer")
        loop.call_soon_threadsafe(ran.append, "threadsafe")
        assert not loop.is_closed()
        loop.close()
        assert loop.is_closed()
        loop.close()
        assert loop.is_closed()
    assert ran == []


def test_repr(each_factory: LoopFactory) -> None:
    with fresh_loop(each_factory) as loop:
        name = type(loop).__name__
        loop.set_debug(False)
        assert repr(loop) == f"<{name} running=False closed=False debug=False>"
        loop.set_debug(True)
        shown: list[str] = []
        loop.call_soon(lambda: shown.append(repr(loop)))
        run_iteration(loop)
        assert shown == [f"<{name} running=True closed=False debug=True>"]
        loop.close()
        assert repr(loop) == f"<{name} running=False closed=True debug=True>"


_ON_A_CLOSED_LOOP: dict[str, Callable[[Any], object]] = {
    "call_soon": lambda loop: loop.call_soon(print),
    "call_soon_threadsafe": lambda loop: loop.call_soon_threadsafe(print),
    "call_later": lambda loop: loop.call_later(1, print),
    "call_at": lambda loop: loop.call_at(1, print),
    "run_forever": lambda loop: loop.run_forever(),
    "run_until_complete": lambda loop: loop.run_until_complete(loop.create_future()),
    "run_until_complete a coroutine": lambda loop: _with_coroutine(loop, lambda on, it: on.run_until_complete(it)),
    "create_task": lambda loop: _with_coroutine(loop, lambda on, it: on.create_task(it)),
    "create_future": lambda loop: loop.create_future().done(),
    "run_in_executor": lambda loop: loop.run_in_executor(None, print),
    "add_reader": lambda loop: loop.add_reader(0, print),
    "add_writer": lambda loop: loop.add_writer(0, print),
    "remove_reader": lambda loop: loop.remove_reader(0),
    "remove_writer": lambda loop: loop.remove_writer(0),
    "add_signal_handler": lambda loop: loop.add_signal_handler(10, print),
    "remove_signal_handler": lambda loop: loop.remove_signal_handler(10),
    "stop": lambda loop: loop.stop(),
    "close": lambda loop: loop.close(),
    "is_running": lambda loop: loop.is_running(),
    "get_debug": lambda loop: loop.get_debug(),
    "set_debug": lambda loop: loop.set_debug(True),
    "time": lambda loop: type(loop.time()),
    "get_exception_handler": lambda loop: loop.get_exception_handler(),
    "get_task_factory": lambda loop: loop.get_task_factory(),
    "shutdown_asyncgens": lambda loop: _with_awaiting(loop.shutdown_asyncgens()),
}


def _with_awaiting(coroutine: Any) -> object:
    """Step a coroutine of the loop's by hand, as far as it goes without a running loop."""
    try:
        coroutine.send(None)
    except StopIteration as finished:
        return finished.value
    finally:
        coroutine.close()
    return "suspended"


@pytest.mark.parametrize("action", _ON_A_CLOSED_LOOP.values(), ids=_ON_A_CLOSED_LOOP.keys())
def test_a_closed_loop_answers_as_asyncio_s(action: Callable[[Any], object]) -> None:
    assert_same_outcome(_closed(action))


_WHILE_RUNNING: dict[str, Callable[[Any], object]] = {
    "run_until_complete": lambda loop: loop.run_until_complete(loop.create_future()),
    "run_until_complete a coroutine": lambda loop: _with_coroutine(loop, lambda on, it: on.run_until_complete(it)),
    "close": lambda loop: loop.close(),
    "run_forever": lambda loop: loop.run_forever(),
}


@pytest.mark.parametrize("action", _WHILE_RUNNING.values(), ids=_WHILE_RUNNING.keys())
def test_misuse_of_a_running_loop(action: Callable[[Any], object]) -> None:
    assert "RuntimeError" in assert_same_outcome(_inside(action)).text


@pytest.mark.parametrize("inner", FACTORIES.values(), ids=FACTORIES.keys())
@pytest.mark.parametrize(
    "run",
    [lambda loop: loop.run_forever(), lambda loop: loop.run_until_complete(loop.create_future())],
    ids=["run_forever", "run_until_complete"],
)
def test_two_loops_cannot_run_in_one_thread(inner: LoopFactory, run: Callable[[Any], object]) -> None:
    def run_another(loop: Any) -> object:
        with fresh_loop(inner) as other:
            assert other is not loop
            return run(other)

    assert "Cannot run the event loop while another loop is running" in assert_same_outcome(_inside(run_another)).text


def test_a_loop_survives_an_attempt_to_nest_another(loop: asyncio.AbstractEventLoop) -> None:
    survived: list[bool] = []

    def nest() -> None:
        with fresh_loop(FACTORIES["pyloop"]) as other, pytest.raises(RuntimeError):
            other.run_forever()
        with pytest.raises(RuntimeError):
            loop.run_forever()
        with pytest.raises(RuntimeError):
            loop.close()
        survived.append(loop.is_running() and asyncio.get_running_loop() is loop)
        loop.call_soon(loop.stop)

    loop.call_soon(nest)
    loop.run_forever()
    assert survived == [True]


_AWAITED_WRONGLY: dict[str, Callable[[Any], object]] = {
    "a number": lambda loop: loop.run_until_complete(5),
    "None": lambda loop: loop.run_until_complete(None),
    "a coroutine function": lambda loop: loop.run_until_complete(_answer),
    "nothing": lambda loop: _is_type_error(loop.run_until_complete),
    "too much": lambda loop: _is_type_error(lambda: loop.run_until_complete(loop.create_future(), 1)),
    "too much for run_forever": lambda loop: _is_type_error(lambda: loop.run_forever(1)),
    "too much for stop": lambda loop: _is_type_error(lambda: loop.stop(1)),
    "too much for close": lambda loop: _is_type_error(lambda: loop.close(1)),
    "too much for is_running": lambda loop: _is_type_error(lambda: loop.is_running(1)),
    "too much for is_closed": lambda loop: _is_type_error(lambda: loop.is_closed(1)),
}


def _is_type_error(call: Callable[[], object]) -> bool:
    with pytest.raises(TypeError):
        call()
    return True


@pytest.mark.parametrize("action", _AWAITED_WRONGLY.values(), ids=_AWAITED_WRONGLY.keys())
def test_what_cannot_be_run(action: Callable[[Any], object]) -> None:
    assert_same_outcome(action)


def test_a_future_of_another_loop_is_refused() -> None:
    def scenario(loop: Any) -> object:
        with fresh_loop(FACTORIES["pyloop"]) as other:
            return loop.run_until_complete(other.create_future())

    assert assert_same_outcome(scenario).raised == "ValueError"


def test_a_loop_stopped_too_soon() -> None:
    def scenario(loop: Any) -> object:
        loop.call_soon(loop.stop)
        return loop.run_until_complete(loop.create_future())

    assert assert_same_outcome(scenario) == Outcome("RuntimeError", "Event loop stopped before Future completed.")


def test_a_coroutine_stopped_too_soon_goes_on_in_the_next_run(each_loop: asyncio.AbstractEventLoop) -> None:
    steps: list[int] = []

    async def walk() -> str:
        for step in range(5):
            steps.append(step)
            if step == 2:
                each_loop.stop()
            await asyncio.sleep(0)
        return "arrived"

    task = each_loop.create_task(walk())
    with pytest.raises(RuntimeError, match="stopped before Future completed"):
        each_loop.run_until_complete(task)
    assert steps == [0, 1, 2]
    assert each_loop.run_until_complete(task) == "arrived"
    assert steps == [0, 1, 2, 3, 4]


def test_running_leaves_the_interpreter_as_it_was(each_loop: asyncio.AbstractEventLoop) -> None:
    """A run sets the running loop and hooks of the thread; an exception on the way must take them back too."""
    hooks = sys.get_asyncgen_hooks()
    each_loop.call_soon(functools.partial(_raise, KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        each_loop.run_forever()
    assert sys.get_asyncgen_hooks() == hooks
    assert asyncio._get_running_loop() is None
    assert not each_loop.is_running()
    assert each_loop.run_until_complete(_answer()) == 42


def _raise(error: type[BaseException]) -> None:
    raise error


def test_a_deep_stack_can_run_a_loop(each_loop: asyncio.AbstractEventLoop) -> None:
    def descend(depth: int) -> object:
        return descend(depth - 1) if depth else each_loop.run_until_complete(_answer("from below"))

    assert descend(200) == "from below"


def test_public_methods_have_asyncio_s_names(loop: asyncio.AbstractEventLoop) -> None:
    """Everything a stock loop offers is there, callable where it is callable, a coroutine function where it is one."""
    with fresh_loop(FACTORIES["asyncio"]) as stock:
        names = [name for name in dir(stock) if not name.startswith("_")]
        for name in names:
            theirs, ours = getattr(stock, name), getattr(loop, name)
            assert callable(theirs) == callable(ours), name
            assert inspect.iscoroutinefunction(theirs) == inspect.iscoroutinefunction(ours), name
    assert "run_forever" in names
