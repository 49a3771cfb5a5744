"""Cancellation, of either side by the other."""

from __future__ import annotations

import asyncio
from typing import Any

import jpype
import pytest

import pyloop
import pyloop.java as pj
from support.java import concurrent, java, later

Future = concurrent("CompletableFuture")


def test_cancelling_the_task_cancels_the_stage() -> None:
    async def main() -> None:
        stage = Future()
        task = asyncio.ensure_future(pj.wrap(stage))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stage.isCancelled()

    pyloop.run(main())


def test_a_timeout_cancels_the_stage() -> None:
    async def main() -> None:
        stage = Future()

        async def wait() -> None:
            async with asyncio.timeout(0.01):
                await pj.wrap(stage)

        with pytest.raises(TimeoutError):
            await wait()
        assert stage.isCancelled()

    pyloop.run(main())


def test_a_task_group_cancels_the_stages_of_the_others() -> None:
    async def main() -> None:
        stage = Future()

        async def wait() -> None:
            await pj.wrap(stage)

        async def fail() -> None:
            await pj.wrap(Future.failedFuture(java("java.lang.IllegalStateException")("failed")))

        async def both() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(wait())
                group.create_task(fail())

        with pytest.raises(ExceptionGroup) as caught:
            await both()
        assert [type(error) for error in caught.value.exceptions] == [java("java.lang.IllegalStateException")]
        assert stage.isCancelled()

    pyloop.run(main())


def test_a_late_result_is_dropped_without_a_trace() -> None:
    """A stage that its owner completes in spite of being cancelled, such as one that keeps its future to itself."""
    failures: list[dict[str, Any]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
        source = Future()
        task = asyncio.ensure_future(pj.wrap(source.minimalCompletionStage()))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert source.complete("late")
        other = asyncio.ensure_future(pj.wrap(later("value")))
        assert await other == "value"

    pyloop.run(main())
    assert failures == []


def test_a_result_that_comes_with_the_cancellation_is_dropped() -> None:
    async def main() -> None:
        stage = Future()
        task = asyncio.ensure_future(pj.wrap(stage))
        await asyncio.sleep(0)
        stage.complete("value")  # posted by now, and not seen
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.01)

    pyloop.run(main())


def test_a_stage_cancelled_by_java_raises_cancelled_error() -> None:
    async def main() -> None:
        for plain in (True, False):
            stage = Future()
            future = pj.wrap(stage if plain else stage.thenApply(java("java.util.function.Function").identity()))
            stage.cancel(True)
            with pytest.raises(asyncio.CancelledError):
                await future
            assert future.cancelled()

    pyloop.run(main())


def test_cancelling_the_stage_of_a_task_completes_it_when_the_task_has_ended() -> None:
    steps: list[str] = []
    stage: Any = None

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            steps.append("cancelled")
            raise
        finally:
            await asyncio.sleep(0.01)
            steps.append(f"ended, stage done: {stage.isDone()}")

    async def main() -> None:
        nonlocal stage
        stage = pj.to_stage(work())
        await asyncio.sleep(0)
        assert stage.cancel(True)
        assert not stage.isDone()
        with pytest.raises(asyncio.CancelledError):
            await pj.wrap(stage)
        assert stage.isCancelled()
        assert not stage.isCompletedExceptionally() or stage.isCancelled()

    pyloop.run(main())
    assert steps == ["cancelled", "ended, stage done: False"]


def test_a_task_that_will_not_be_cancelled_completes_its_stage() -> None:
    async def stubborn() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "anyway"
        return "never"

    async def main() -> None:
        stage = pj.to_stage(stubborn())
        await asyncio.sleep(0)
        stage.cancel(True)
        assert await pj.wrap(stage) == "anyway"
        assert not stage.isCancelled()
        assert not stage.cancel(True)

    pyloop.run(main())


def test_a_timeout_of_java_cancels_the_task() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("ended")

    async def main() -> None:
        stage = pj.to_stage(work()).orTimeout(10, concurrent("TimeUnit").MILLISECONDS)
        with pytest.raises(concurrent("TimeoutException")):
            await pj.wrap(stage)
        await asyncio.sleep(0.01)

    pyloop.run(main())
    assert ended == ["ended"]


def test_a_cancelled_task_is_a_cancelled_stage() -> None:
    async def main() -> None:
        task = asyncio.ensure_future(asyncio.sleep(10))
        stage = pj.to_stage(task)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0)
        assert stage.isCancelled()

    pyloop.run(main())


def test_java_interrupting_a_thread_that_completes_a_stage_does_not_silence_the_loop(pool: Any) -> None:
    """A channel would be closed for good by that; what wakes the loop must not be one."""

    async def main() -> None:
        for number in range(20):
            stage = Future()

            def complete(stage: Any = stage, number: int = number) -> None:
                java("java.lang.Thread").currentThread().interrupt()
                stage.complete(number)
                java("java.lang.Thread").interrupted()

            future = pj.wrap(stage)
            await asyncio.sleep(0.001)
            pool.execute(jpype.JObject(complete, java("java.lang.Runnable")))
            assert await asyncio.wait_for(future, 10) == number

    pyloop.run(main())
