"""Random asyncio programs whose every step is decided by a seed, and the trace that one leaves on a loop.

Nothing in a program depends on real time: its clock, where it has one of its own, advances by a millisecond an
iteration, and a ticking callback keeps the loop from ever sleeping. So a trace is the same each time a program runs on
the same loop, and two loops that keep the same order leave the same trace.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import itertools
import random
import re
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeAlias, cast

from support.outcomes import normalised

Trace: TypeAlias = list[str]

TICK_SECONDS: Final = 0.001
ITERATIONS: Final = 400
"""After so many iterations a program is brought to its end: workers may wait for each other for ever."""

_LAG_SECONDS: Final = 1e-7
_DEFAULT_NAME: Final = re.compile(r"Task-\d+")  # numbered through the whole process
_variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


class ProgramError(Exception):
    """What the programs raise."""


class NumberedTask(asyncio.Task[Any]):
    """A task that hashes by a number.

    Task groups cancel their tasks in the order of a set, which for other tasks is a matter of addresses.
    """

    numbers = itertools.count()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._number = next(NumberedTask.numbers)
        super().__init__(*args, **kwargs)

    def __hash__(self) -> int:
        return self._number


class Program:
    """One program: workers that share locks, queues, events and handles, each with choices of its own."""

    def __init__(self, loop: Any, seed: int) -> None:
        self._loop = loop
        self._choices = random.Random(seed)
        self._virtual_clock = seed % 2 == 0
        self._eager = sys.version_info >= (3, 12) and seed % 5 == 0
        self.groups = seed % 3 == 0
        self._debug = seed % 7 == 0
        self._iteration = 0
        self._over = False
        self._trace: Trace = []
        self._tasks: list[asyncio.Task[Any]] = []
        self._handles: list[asyncio.Handle] = []
        self._lags = itertools.count(1)
        self._names = itertools.count(1)

    def run(self) -> Trace:
        """Run the program and return its trace."""
        loop = self._loop
        loop.set_debug(self._debug)
        loop.slow_callback_duration = 60
        if self._virtual_clock:
            loop.time = lambda: self._iteration * TICK_SECONDS
        self._choose_tasks()
        loop.set_exception_handler(self._handle_failure)
        loop.call_soon(self._tick)
        loop.run_until_complete(self._set_up())
        for _ in range(self._choices.randrange(4)):
            self._note("phase")
            loop.call_soon(self._note, "queued before the phase")
            loop.call_later(self._lag(), loop.stop)
            loop.run_forever()
        loop.run_until_complete(self._finish())
        self._note(f"over after {self._iteration} iterations")
        trace, self._trace = self._trace, []
        loop.run_until_complete(self._tidy_up())
        return trace

    def _choose_tasks(self) -> None:
        loop, module = self._loop, cast("Any", asyncio)
        if self.groups:
            NumberedTask.numbers = itertools.count()
        match self.groups, self._eager:
            case True, True:
                loop.set_task_factory(module.create_eager_task_factory(NumberedTask))
            case True, False:
                loop.set_task_factory(lambda loop, coro, **kwargs: NumberedTask(coro, loop=loop, **kwargs))
            case False, True:
                loop.set_task_factory(module.eager_task_factory)

    def _tick(self) -> None:
        self._iteration += 1
        # More than once: a worker may have swallowed the cancellation, or begun after it.
        if self._iteration >= ITERATIONS and self._iteration % 20 == 0:
            for task in self._tasks:
                task.cancel("the end")
        if not self._over:
            self._loop.call_soon(self._tick)

    def _note(self, what: str) -> None:
        line = f"{self._iteration} {what} [{_variable.get()}]"
        self._trace.append(_DEFAULT_NAME.sub("a task", line))

    def _handle_failure(self, loop: object, context: dict[str, Any]) -> None:
        assert loop is self._loop
        self._note(f"handler: {normalised(context['message'])} {context.get('exception')!r} {sorted(context)}")

    async def _set_up(self) -> None:
        # Made where the loop runs: until 3.10 they took it at once, and a reader need not remember which do when.
        self._locks = [asyncio.Lock() for _ in range(2)]
        self._queues: list[asyncio.Queue[str]] = [asyncio.Queue(self._choices.randrange(3)) for _ in range(2)]
        self._events = [asyncio.Event() for _ in range(2)]
        self._conditions = [asyncio.Condition() for _ in range(2)]
        self._semaphore = asyncio.Semaphore(2)
        self._future: asyncio.Future[str] = self._loop.create_future()
        for _ in range(self._choices.randrange(2, 7)):
            self._start_worker(self._choices.random(), depth=0)
        await asyncio.sleep(0)

    async def _finish(self) -> None:
        while self._iteration < 2 * ITERATIONS and not all(task.done() for task in self._tasks):
            await asyncio.sleep(0)
        for task in self._tasks:
            # Not all: what is left is reported when the last reference to the task goes.
            if task.done() and not task.cancelled() and self._choices.random() < 0.5:
                self._note(f"{task.get_name()} ended with {task.exception()!r}")
        self._tasks.clear()
        del task
        await asyncio.sleep(0)

    async def _tidy_up(self) -> None:
        # In no particular order, so out of the trace.
        while others := asyncio.all_tasks() - {cast("Any", asyncio.current_task())}:
            lock: Any
            for lock in (*self._locks, *self._conditions):
                # A cancelled wait for a condition takes its lock again first, and nothing can keep it from that.
                if lock.locked():
                    lock.release()
            for task in others:
                task.cancel()
            await asyncio.wait(others, timeout=TICK_SECONDS)
        await self._loop.shutdown_asyncgens()
        self._over = True

    def _start_worker(self, seed: float, depth: int, context: contextvars.Context | None = None) -> asyncio.Task[str]:
        name = f"worker {next(self._names)}"
        worker = Worker(self, name, seed, depth)
        task: asyncio.Task[str] = self._loop.create_task(worker.work(), name=name, context=context)
        self._tasks.append(task)
        return task

    # What the workers use.

    def delay(self, choices: random.Random) -> float:
        """A delay in seconds; never twice the same, for asyncio leaves the order of equal deadlines open."""
        if not self._virtual_clock:
            return 0.0
        return choices.choice([0.0, -1.0, TICK_SECONDS, 3 * TICK_SECONDS, 5 * TICK_SECONDS]) + self._lag()

    def _lag(self) -> float:
        return next(self._lags) * _LAG_SECONDS if self._virtual_clock else 0.0


class Worker:
    """A coroutine that takes random steps, and the callbacks it schedules."""

    def __init__(self, program: Any, name: str, seed: float, depth: int) -> None:
        self._program = program
        self._loop = program._loop
        self._name = name
        self._depth = depth
        self._choices = random.Random(f"{seed} {name}")
        self._calls = itertools.count(1)
        self._steps: list[Callable[[], Awaitable[object]]] = [
            self._give_way,
            self._give_way,
            self._sleep,
            self._schedule,
            self._schedule,
            self._cancel_a_handle,
            self._set_the_variable,
            self._wait_for_an_event,
            self._set_an_event,
            self._put,
            self._get,
            self._hold_a_lock,
            self._hold_a_semaphore,
            self._wait_for_a_condition,
            self._notify_a_condition,
            self._wait_for_the_future,
            self._settle_the_future,
            self._cancel_a_task,
            self._generate,
        ]
        self._nested: list[Callable[[], Awaitable[object]]] = [
            self._start,
            self._start_in_a_context,
            self._gather,
            self._limit,
            self._wait_for,
            self._wait,
            self._shield,
        ]

        if program.groups:
            self._nested += [self._group, self._group]

    async def work(self) -> str:
        """Take some steps, and fail now and then."""
        self._note("starts")
        try:
            for _ in range(self._choices.randrange(1, 9)):
                await self._step()
            self._fail_now_and_then()
        except BaseException as error:
            self._note(f"raises {error!r}")
            raise
        self._note("returns")
        return self._name

    def _fail_now_and_then(self) -> None:
        if self._choices.random() < 0.15:
            raise ProgramError(self._name)

    async def _step(self) -> None:
        nested = self._depth < 2 and self._choices.random() < 0.3
        step = self._choices.choice(self._nested if nested else self._steps)
        self._note(step.__name__)
        result = await step()
        self._note(f"{step.__name__} gave {result!r}")

    def _note(self, what: str) -> None:
        task = asyncio.current_task(self._loop)
        self._program._note(f"{task and task.get_name()}: {self._name} {what}")

    def _delay(self) -> float:
        delay: float = self._program.delay(self._choices)
        return delay

    def _child(self) -> Coroutine[Any, Any, str]:
        name = f"{self._name}.{next(self._calls)}"
        return Worker(self._program, name, self._choices.random(), self._depth + 1).work()

    def _start_child(self, context: contextvars.Context | None = None) -> asyncio.Task[str]:
        task: asyncio.Task[str] = self._program._start_worker(self._choices.random(), self._depth + 1, context)
        if self._choices.random() < 0.5:
            task.add_done_callback(lambda done: self._note(f"sees the end of {done.get_name()}"))
        return task

    # Steps that start nothing.

    async def _give_way(self) -> None:
        await asyncio.sleep(0)

    async def _sleep(self) -> str:
        return await asyncio.sleep(self._delay(), "slept")

    async def _schedule(self) -> None:
        number = next(self._calls)
        context = contextvars.copy_context() if self._choices.random() < 0.3 else None
        match self._choices.randrange(4):
            case 0:
                handle = self._loop.call_soon(self._called, number, "soon", context=context)
            case 1:
                handle = self._loop.call_soon_threadsafe(self._called, number, "threadsafe", context=context)
            case 2:
                handle = self._loop.call_later(self._delay(), self._called, number, "later", context=context)
            case _:
                when = self._loop.time() + self._delay()
                handle = self._loop.call_at(when, self._called, number, "at", context=context)
        if self._choices.random() < 0.5:
            self._program._handles.append(handle)

    def _called(self, number: int, how: str) -> None:
        self._note(f"call {number} ({how})")
        match self._choices.randrange(8):
            case 0:
                raise ProgramError(f"call {number}")
            case 1:
                self._loop.call_soon(self._note, f"called by call {number}")
            case 2:
                self._loop.call_later(self._delay(), self._note, f"called later by call {number}")
            case 3:
                _variable.set(f"call {number} of {self._name}")
            case 4:
                self._choices.choice(self._program._events).set()

    async def _cancel_a_handle(self) -> object:
        if not self._program._handles:
            return None
        handle = self._choices.choice(self._program._handles)
        handle.cancel()
        return handle.cancelled()

    async def _set_the_variable(self) -> None:
        _variable.set(f"{self._name} {next(self._calls)}")

    async def _wait_for_an_event(self) -> bool:
        return bool(await self._choices.choice(self._program._events).wait())

    async def _set_an_event(self) -> None:
        event = self._choices.choice(self._program._events)
        event.clear() if event.is_set() else event.set()

    async def _put(self) -> None:
        await self._choices.choice(self._program._queues).put(self._name)

    async def _get(self) -> str:
        return str(await self._choices.choice(self._program._queues).get())

    async def _hold_a_lock(self) -> None:
        async with self._choices.choice(self._program._locks):
            await asyncio.sleep(0)
            self._note("holds the lock")

    async def _hold_a_semaphore(self) -> None:
        async with self._program._semaphore:
            await self._sleep()

    async def _wait_for_a_condition(self) -> None:
        condition = self._choices.choice(self._program._conditions)
        async with condition:
            await condition.wait()

    async def _notify_a_condition(self) -> None:
        condition = self._choices.choice(self._program._conditions)
        async with condition:
            condition.notify(self._choices.randrange(1, 3))

    async def _wait_for_the_future(self) -> str:
        return str(await self._program._future)

    async def _settle_the_future(self) -> None:
        program = self._program
        if not program._future.done():
            if self._choices.random() < 0.8:
                program._future.set_result(self._name)
            else:
                program._future.cancel()
        program._future = self._loop.create_future()

    async def _cancel_a_task(self) -> object:
        task = self._choices.choice(self._program._tasks)
        return task.get_name(), task.cancel(f"by {self._name}"), task.cancelling()

    async def _generate(self) -> int:
        async def numbers() -> Any:
            try:
                for number in range(5):
                    await asyncio.sleep(0)
                    yield number
            finally:
                await asyncio.sleep(0)
                self._note("generator ends")

        last = self._choices.randrange(6)
        async with contextlib.aclosing(numbers()) as generated:
            async for number in generated:
                if number == last:
                    break
        return last

    # Steps that start other workers.

    async def _start(self) -> str:
        return self._start_child().get_name()

    async def _start_in_a_context(self) -> str:
        context = contextvars.copy_context()
        context.run(_variable.set, f"context of {self._name}")
        return self._start_child(context).get_name()

    async def _gather(self) -> object:
        children = [self._child() for _ in range(self._choices.randrange(4))]
        return await asyncio.gather(*children, return_exceptions=self._choices.random() < 0.5)

    async def _group(self) -> list[str]:
        tasks: list[asyncio.Task[str]] = []
        try:
            async with asyncio.TaskGroup() as group:
                tasks += [group.create_task(self._child()) for _ in range(self._choices.randrange(1, 4))]
                await asyncio.sleep(0)
        except* ProgramError as failures:
            self._note(f"group failed: {failures.exceptions!r}")
        return [str(task.done()) for task in tasks]

    async def _limit(self) -> bool:
        timeout = asyncio.timeout(self._delay())
        with contextlib.suppress(TimeoutError):
            async with timeout:
                await self._child()
        return timeout.expired()

    async def _wait_for(self) -> str:
        try:
            return await asyncio.wait_for(self._child(), self._delay())
        except TimeoutError:
            return "timed out"

    async def _wait(self) -> object:
        children = [self._start_child() for _ in range(self._choices.randrange(1, 4))]
        when = self._choices.choice([asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION, asyncio.ALL_COMPLETED])
        done, _ = await asyncio.wait(children, timeout=self._delay(), return_when=when)
        return [child in done for child in children]

    async def _shield(self) -> str:
        return await asyncio.shield(self._start_child())


def trace(loop: Any, seed: int) -> Trace:
    """Run the program of `seed` on `loop`, which is fresh, and return its trace."""
    return Program(loop, seed).run()
