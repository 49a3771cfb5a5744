"""The loop as an executor of Java's."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import jpype
import pytest

import pyloop
import pyloop.java as pj
from support.java import concurrent, java

MILLISECONDS = concurrent("TimeUnit").MILLISECONDS


def callable_of(function: Any) -> Any:
    return jpype.JObject(function, concurrent("Callable"))


def runnable(function: Any) -> Any:
    return jpype.JObject(function, java("java.lang.Runnable"))


def test_everything_runs_on_the_loops_thread_in_order(pool: Any) -> None:
    seen: list[tuple[int, bool]] = []
    main_thread = threading.get_ident()

    async def main() -> None:
        executor = pj.executor()
        done = asyncio.Event()

        def hand_over() -> None:
            for number in range(100):
                executor.execute(lambda number=number: seen.append((number, threading.get_ident() == main_thread)))
            executor.execute(done.set)

        pool.execute(runnable(hand_over))
        await done.wait()

    pyloop.run(main())
    assert seen == [(number, True) for number in range(100)]


def test_the_running_loop_is_known_to_what_runs() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert await pj.wrap(pj.executor().submit(callable_of(lambda: asyncio.get_running_loop() is loop)))

    pyloop.run(main())


def test_results_and_errors_of_what_is_submitted() -> None:
    async def main() -> None:
        executor = pj.executor()
        assert await pj.wrap(executor.submit(callable_of(lambda: 5))) == 5
        with pytest.raises(ZeroDivisionError):
            await pj.wrap(executor.submit(callable_of(lambda: 1 // 0)))

    pyloop.run(main())


def test_an_error_of_a_runnable_goes_to_the_exception_handler() -> None:
    failures: list[dict[str, Any]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
        executor = pj.executor()
        executor.execute(runnable(lambda: 1 // 0))
        assert await pj.wrap(executor.submit(callable_of(lambda: "afterwards"))) == "afterwards"

    pyloop.run(main())
    assert [type(failure["exception"]) for failure in failures] == [ZeroDivisionError]


def test_delays() -> None:
    seen: list[str] = []

    async def main() -> None:
        executor = pj.executor()
        late = executor.schedule(callable_of(lambda: seen.append("late")), 20, MILLISECONDS)
        early = executor.schedule(callable_of(lambda: seen.append("early")), 1, MILLISECONDS)
        never = executor.schedule(callable_of(lambda: seen.append("never")), 5, MILLISECONDS)
        assert 0 < late.getDelay(MILLISECONDS) <= 20
        assert never.cancel(True)
        await asyncio.gather(pj.wrap(late), pj.wrap(early))

    pyloop.run(main())
    assert seen == ["early", "late"]


@pytest.mark.parametrize("name", ["scheduleAtFixedRate", "scheduleWithFixedDelay"])
def test_periods(name: str) -> None:
    counts: list[int] = []

    async def main() -> None:
        enough = asyncio.Event()

        def tick() -> None:
            counts.append(len(counts))
            if len(counts) == 5:
                enough.set()

        periodic = getattr(pj.executor(), name)(runnable(tick), 1, 1, MILLISECONDS)
        await enough.wait()
        periodic.cancel(False)
        await asyncio.sleep(0.005)
        count = len(counts)
        await asyncio.sleep(0.01)
        assert len(counts) == count
        assert periodic.isCancelled()

    pyloop.run(main())


def test_a_periodic_task_that_fails_ends() -> None:
    async def main() -> None:
        periodic = pj.executor().scheduleAtFixedRate(runnable(lambda: 1 // 0), 0, 1, MILLISECONDS)
        with pytest.raises(ZeroDivisionError):
            await pj.wrap(periodic)

    pyloop.run(main())


def test_a_shutdown_runs_what_was_handed_over_and_refuses_the_rest() -> None:
    seen: list[str] = []

    async def main() -> None:
        executor = pj.executor()
        executor.execute(runnable(lambda: seen.append("before")))
        delayed = executor.schedule(callable_of(lambda: seen.append("delayed")), 5, MILLISECONDS)
        executor.shutdown()
        assert executor.isShutdown()
        assert not executor.isTerminated()
        with pytest.raises(concurrent("RejectedExecutionException")):
            executor.execute(runnable(lambda: None))
        await pj.wrap(delayed)
        assert await asyncio.to_thread(executor.awaitTermination, 10_000, MILLISECONDS)
        assert executor.isTerminated()
        pj.executor().execute(runnable(lambda: seen.append("another executor")))
        await asyncio.sleep(0.01)

    pyloop.run(main())
    assert seen == ["before", "delayed", "another executor"]


def test_shutdown_now_runs_nothing_more() -> None:
    seen: list[str] = []

    async def main() -> None:
        executor = pj.executor()
        queued = executor.submit(callable_of(lambda: seen.append("queued")))
        executor.schedule(callable_of(lambda: seen.append("delayed")), 1, MILLISECONDS)
        assert executor.shutdownNow().size() == 1
        with pytest.raises(asyncio.CancelledError):
            await pj.wrap(queued)
        await asyncio.sleep(0.01)
        assert executor.isTerminated()

    pyloop.run(main())
    assert seen == []


def test_the_loops_thread_does_not_wait_for_itself() -> None:
    illegal = java("java.lang.IllegalStateException")

    async def main() -> None:
        executor = pj.executor()
        for _ in range(2):
            with pytest.raises(illegal, match="wait"):
                executor.submit(callable_of(lambda: 1)).get()
            await asyncio.sleep(0.01)
        stage = pj.to_stage(asyncio.sleep(0.01))
        with pytest.raises(illegal, match="wait"):
            stage.join()
        with pytest.raises(illegal, match="wait"):
            executor.invokeAll(java("java.util.List").of(callable_of(lambda: 1)))
        await pj.wrap(stage)
        executor.shutdown()

    pyloop.run(main())


def test_a_closed_loop_refuses() -> None:
    async def main() -> Any:
        return pj.executor()

    executor = pyloop.run(main())
    with pytest.raises(concurrent("RejectedExecutionException"), match="closed"):
        executor.execute(runnable(lambda: None))
    with pytest.raises(concurrent("RejectedExecutionException"), match="closed"):
        executor.schedule(runnable(lambda: None), 1, MILLISECONDS)


def test_java_drives_coroutines_by_the_executor() -> None:
    """A client of Java's that knows nothing but the interface starts a coroutine each time."""
    seen: list[str] = []

    async def work(name: str) -> str:
        await asyncio.sleep(0.001)
        seen.append(name)
        return name

    async def main() -> None:
        executor = pj.executor()
        supply = concurrent("CompletableFuture").supplyAsync
        stages = [
            supply(
                jpype.JObject(lambda name=name: pj.to_stage(work(name)), java("java.util.function.Supplier")), executor
            )
            for name in "abc"
        ]
        inner = [await pj.wrap(stage) for stage in stages]
        assert [await pj.wrap(stage) for stage in inner] == ["a", "b", "c"]

    pyloop.run(main())
    assert sorted(seen) == ["a", "b", "c"]
