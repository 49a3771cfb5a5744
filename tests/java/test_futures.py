"""Futures of Java's, awaited."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import jpype
import pytest

import pyloop
import pyloop.java as pj
from support.java import concurrent, identity, java, later

Future = concurrent("CompletableFuture")


@pytest.mark.parametrize("value", [None, "text", 5, 2.5, True])
def test_values_are_what_jpype_makes_of_them(value: object) -> None:
    async def main() -> None:
        assert await pj.wrap(later(value)) == value
        assert await pj.wrap(Future.completedFuture(value)) == value

    pyloop.run(main())


def test_an_object_is_the_same_object() -> None:
    value = java("java.util.ArrayList")()

    async def main() -> None:
        assert (await pj.wrap(later(value))).equals(value)
        assert java("java.lang.System").identityHashCode(await pj.wrap(later(value))) == java(
            "java.lang.System"
        ).identityHashCode(value)

    pyloop.run(main())


def test_a_plain_future_is_waited_for_by_a_thread(pool: Any) -> None:
    """It has no way to tell."""
    exchanger = concurrent("SynchronousQueue")()

    async def main() -> None:
        future = pool.submit(jpype.JObject(exchanger.take, concurrent("Callable")))
        waiting = asyncio.ensure_future(pj.wrap(future))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        pool.execute(lambda: exchanger.put("there"))
        assert await waiting == "there"

    pyloop.run(main())


def test_a_listenable_future_tells_by_its_listener() -> None:
    settable = java("com.google.common.util.concurrent.SettableFuture").create()

    async def main() -> None:
        threads = java("java.lang.Thread").activeCount()
        waiting = pj.wrap(settable)
        assert java("java.lang.Thread").activeCount() == threads
        settable.set("value")
        assert await waiting == "value"

    pyloop.run(main())


def test_a_minimal_stage_can_be_awaited() -> None:
    async def main() -> None:
        assert await pj.wrap(later("value").minimalCompletionStage()) == "value"

    pyloop.run(main())


def test_installed_futures_are_awaited_as_they_are() -> None:
    async def main() -> None:
        pj.install()
        pj.install()
        assert await later("stage") == "stage"
        assert [*await asyncio.gather(pj.wrap(later(1)), pj.wrap(later(2)))] == [1, 2]
        assert await java("com.google.common.util.concurrent.Futures").immediateFuture("listenable") == "listenable"

    pyloop.run(main())


def test_a_stage_that_is_ready_takes_no_turn_of_the_loop() -> None:
    async def main() -> None:
        turns: list[str] = []
        asyncio.get_running_loop().call_soon(turns.append, "turn")
        assert await pj.wrap(Future.completedFuture("ready")) == "ready"
        with pytest.raises(java("java.lang.IllegalStateException")):
            await pj.wrap(Future.failedFuture(java("java.lang.IllegalStateException")("failed")))
        assert turns == []

    pyloop.run(main())


def test_another_loop_works_as_well() -> None:
    async def main() -> object:
        return await pj.wrap(later("value"))

    assert asyncio.run(main()) == "value"


def test_several_loops_in_several_threads() -> None:
    results: list[list[object]] = []

    async def main(name: int) -> list[object]:
        return [*await asyncio.gather(*[pj.wrap(later(name * 100 + number)) for number in range(20)])]

    def run(name: int) -> None:
        results.extend(pyloop.run(main(name)) for _ in range(5))

    threads = [threading.Thread(target=run, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, results)) == sorted(
        str([name * 100 + number for number in range(20)]) for name in range(4) for _ in range(5)
    )


def test_run_runs_elsewhere(pool: Any) -> None:
    name = jpype.JObject(lambda: java("java.lang.Thread").currentThread(), concurrent("Callable"))

    async def main() -> None:
        assert (await pj.run(name)).isVirtual()
        assert (await pj.run(name, executor=pj.virtual_threads())).isVirtual()
        assert not (await pj.run(name, executor=pool)).isVirtual()
        assert await pj.run(jpype.JObject(lambda: None, java("java.lang.Runnable"))) is None
        assert await pj.run(jpype.JObject(lambda: 7, java("java.util.function.Supplier"))) == 7

    pyloop.run(main())


def test_run_interrupts_what_is_cancelled() -> None:
    latch = concurrent("CountDownLatch")(1)
    queue = concurrent("LinkedBlockingQueue")()

    def wait() -> None:
        try:
            latch.await_()
        except java("java.lang.InterruptedException"):
            queue.add("interrupted")

    async def main() -> None:
        task = asyncio.ensure_future(pj.run(jpype.JObject(wait, java("java.lang.Runnable"))))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(queue.take) == "interrupted"

    pyloop.run(main())


def test_dependent_stages_of_java_work_beside() -> None:
    async def main() -> None:
        stage = later("value").thenApply(identity())
        assert [*await asyncio.gather(pj.wrap(stage), pj.wrap(stage))] == ["value", "value"]

    pyloop.run(main())
