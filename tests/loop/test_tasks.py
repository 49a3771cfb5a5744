"""Tasks and futures are the interpreter's own; the loop only makes them, with asyncio's options and factories."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from support.loops import FACTORIES, LoopFactory, run_idle, run_iteration
from support.outcomes import assert_same_exception_type, assert_same_outcome
from support.programs import run_loop_program

_variable: contextvars.ContextVar[str] = contextvars.ContextVar("_variable", default="unset")


async def _say(value: object = "said") -> object:
    return value


def _attempt(loop: Any, **options: object) -> object:
    """Make a task with `options` and run it; the coroutine is closed if no task was made of it."""
    coroutine = _say(_variable.get())
    try:
        task = loop.create_task(coroutine, **options)
        return loop.run_until_complete(task), task.get_name() == options.get("name", task.get_name())
    finally:
        coroutine.close()


def test_tasks_and_futures_are_the_interpreter_s_own(each_loop: asyncio.AbstractEventLoop) -> None:
    task = each_loop.create_task(_say())
    future = each_loop.create_future()
    assert type(task) is asyncio.Task
    assert type(future) is asyncio.Future
    assert type(task).__module__ == type(future).__module__ == "_asyncio"
    assert task.get_loop() is future.get_loop() is each_loop
    each_loop.run_until_complete(task)


def test_a_task_starts_in_the_next_iteration(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []

    async def note() -> None:
        ran.append("task")

    each_loop.call_soon(ran.append, "before")
    task = each_loop.create_task(note())
    each_loop.call_soon(ran.append, "after")
    assert ran == []
    run_iteration(each_loop)
    assert ran == ["before", "task", "after"]
    assert task.done()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"name": "named"},
        {"name": None},
        {"name": 5},
        {"context": None},
        {"context": contextvars.copy_context()},
        {"name": "named", "context": contextvars.copy_context()},
        {"eager_start": True},
        {"eager_start": False},
        {"eager_start": None},
        {"unknown": 1},
    ],
    ids=str,
)
def test_options_are_passed_on(options: dict[str, object]) -> None:
    """Which options there are depends on the CPython."""
    assert_same_outcome(lambda loop: _attempt(loop, **options))


@pytest.mark.parametrize("options", [{}, {"name": "named"}, {"context": contextvars.copy_context()}, {"unknown": 1}])
def test_options_reach_a_task_factory(options: dict[str, object]) -> None:
    def scenario(loop: Any) -> object:
        told: list[object] = []

        def factory(given: Any, coroutine: Coroutine[Any, Any, object], **passed: Any) -> asyncio.Task[object]:
            told.append((given is loop, inspect.iscoroutine(coroutine), sorted(passed)))
            return asyncio.Task(coroutine, loop=loop, **passed)

        loop.set_task_factory(factory)
        return loop.get_task_factory() is factory, _attempt(loop, **options), told

    assert_same_outcome(scenario)


@pytest.mark.parametrize("options", ["", ", name='named'", ", further=1", ", name='named', further=1"])
def test_options_are_passed_on_where_only_some_have_names(options: str) -> None:
    """As in the later releases of 3.13, whose create_task() has keywords of its own and hands on any others."""
    program = f"""
    from asyncio import base_events, tasks

    class Task(asyncio.Task):
        def __init__(self, coro, *, further=0, **options):
            super().__init__(coro, **options)
            self.further = further

    def create_task(self, coro, *, name=None, context=None, **kwargs):
        return tasks.Task(coro, loop=self, name=name, context=context, **kwargs)

    tasks.Task = Task
    base_events.BaseEventLoop.create_task = create_task
    loop = pyloop.new_event_loop()
    task = loop.create_task(asyncio.sleep(0){options})
    loop.run_until_complete(task)
    say(getattr(task, "further", 0), task.get_name())
    """
    done = run_loop_program(program)
    further, name = done.stdout.split()
    assert (done.stderr, done.returncode) == ("", 0)
    assert further == ("1" if "further" in options else "0")
    assert name == ("named" if "name" in options else "Task-1")


def test_a_task_factory_is_taken_back() -> None:
    def scenario(loop: Any) -> object:
        made: list[str] = []

        def factory(_loop: object, coroutine: Any, **options: Any) -> asyncio.Task[object]:
            made.append("made")
            return asyncio.Task(coroutine, loop=loop, **options)

        before = loop.get_task_factory()
        loop.set_task_factory(factory)
        loop.run_until_complete(_say())
        loop.set_task_factory(None)
        loop.run_until_complete(_say())
        return before, made, loop.get_task_factory()

    assert_same_outcome(scenario)


@pytest.mark.parametrize("wrong", [5, "factory"])
def test_a_task_factory_must_be_callable(wrong: object) -> None:
    assert assert_same_outcome(lambda loop: loop.set_task_factory(wrong)).raised == "TypeError"


@pytest.mark.parametrize(
    "misuse",
    [
        lambda loop: loop.create_task(),
        lambda loop: loop.create_task(5),
        lambda loop: loop.create_task(print),
        lambda loop: loop.create_task(loop.create_future()),
        lambda loop: loop.create_future(1),
    ],
)
def test_what_is_no_coroutine_makes_no_task(misuse: Callable[[Any], object]) -> None:
    assert assert_same_exception_type(misuse) == "TypeError"


def _eager_factory() -> Any:
    """The eager task factory, which came with CPython 3.12; before that there is none to set."""
    return getattr(asyncio, "eager_task_factory", None)


def test_eager_tasks_keep_asyncio_s_order() -> None:
    def scenario(loop: Any) -> object:
        ran: list[str] = []

        async def child(name: str, turns: int) -> str:
            ran.append(f"{name} starts")
            for _ in range(turns):
                await asyncio.sleep(0)
            ran.append(f"{name} ends")
            return name

        async def main() -> list[str]:
            loop.call_soon(ran.append, "callback before")
            tasks = [asyncio.create_task(child(f"child {turns}", turns)) for turns in range(3)]
            loop.call_soon(ran.append, "callback after")
            ran.append("main goes on")
            return [str(result) for result in await asyncio.gather(*tasks)]

        loop.set_task_factory(_eager_factory())
        return loop.run_until_complete(main()), ran

    assert_same_outcome(scenario)


def test_an_eager_task_is_the_current_task_while_it_runs() -> None:
    def scenario(loop: Any) -> object:
        seen: list[object] = []

        async def child(outer: object) -> None:
            seen.append(asyncio.current_task() is outer)

        async def main() -> None:
            outer = asyncio.current_task()
            task = asyncio.create_task(child(outer))
            seen.append(task.done())
            await task
            seen.append(asyncio.current_task() is outer)

        loop.set_task_factory(_eager_factory())
        loop.run_until_complete(main())
        return seen

    assert_same_outcome(scenario)


def test_a_task_is_cancelled_while_it_waits(each_loop: asyncio.AbstractEventLoop) -> None:
    steps: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            steps.append("cancelled")
            raise

    async def main() -> None:
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        steps.append("awaited")

    each_loop.run_until_complete(main())
    assert steps == ["cancelled", "awaited"]


def test_a_task_group_ends_with_its_tasks(each_loop: asyncio.AbstractEventLoop) -> None:
    finished: list[int] = []

    async def work(number: int) -> None:
        for _ in range(number):
            await asyncio.sleep(0)
        finished.append(number)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for number in (3, 1, 2):
                group.create_task(work(number))

    each_loop.run_until_complete(main())
    assert finished == [1, 2, 3]


def test_a_timeout_cancels_what_it_guards(each_loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> str:
        try:
            async with asyncio.timeout(0.001):
                await asyncio.sleep(3600)
        except TimeoutError:
            return "timed out"
        return "too late"

    assert each_loop.run_until_complete(main()) == "timed out"
    with pytest.raises(TimeoutError):
        each_loop.run_until_complete(asyncio.wait_for(asyncio.sleep(3600), 0.001))


def test_the_set_of_all_tasks_knows_them(each_loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> tuple[bool, int]:
        sleeping = asyncio.create_task(asyncio.sleep(3600))
        known = sleeping in asyncio.all_tasks()
        sleeping.cancel()
        await asyncio.wait([sleeping])
        return known, len(asyncio.all_tasks())

    assert each_loop.run_until_complete(main()) == (True, 1)
    assert asyncio.all_tasks(each_loop) == set()


def test_tasks_of_one_s_own_class(each_loop: asyncio.AbstractEventLoop) -> None:
    class OwnTask(asyncio.Task[Any]):
        """A task class derived in Python."""

    each_loop.set_task_factory(lambda loop, coroutine, **options: OwnTask(coroutine, loop=loop, **options))

    async def main() -> type[object]:
        await asyncio.sleep(0)
        return type(asyncio.current_task())

    assert each_loop.run_until_complete(main()) is OwnTask


def test_python_s_own_task_and_future_classes(each_loop: asyncio.AbstractEventLoop) -> None:
    """The pure-Python classes call the loop by its public interface only."""
    tasks: Any = sys.modules["asyncio.tasks"]
    each_loop.set_task_factory(lambda loop, coroutine, **options: tasks._PyTask(coroutine, loop=loop, **options))
    steps: list[int] = []

    async def main() -> str:
        for step in range(3):
            steps.append(step)
            await asyncio.sleep(0)
        future = asyncio.futures._PyFuture(loop=each_loop)  # type: ignore[attr-defined]
        each_loop.call_soon(future.set_result, "done")
        return str(await future)

    assert each_loop.run_until_complete(main()) == "done"
    assert steps == [0, 1, 2]


@pytest.mark.parametrize("factory", FACTORIES.values(), ids=FACTORIES.keys())
def test_a_runner_runs_on_the_loop(factory: LoopFactory) -> None:
    async def main() -> bool:
        await asyncio.sleep(0)
        return isinstance(asyncio.get_running_loop(), asyncio.SelectorEventLoop)

    with asyncio.Runner(loop_factory=factory) as runner:
        assert runner.run(main())
        assert runner.run(main())


def test_thousands_of_tasks_finish(each_loop: asyncio.AbstractEventLoop) -> None:
    async def work(number: int) -> int:
        await asyncio.sleep(0)
        return number

    async def main() -> list[int]:
        return await asyncio.gather(*(work(number) for number in range(5000)))

    assert each_loop.run_until_complete(main()) == list(range(5000))
    run_idle(each_loop)
