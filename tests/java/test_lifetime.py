"""Loops, virtual machines and processes that end."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import weakref
from typing import Any

import pytest

import pyloop
import pyloop.java as pj
from pyloop.java import _bridge
from support.java import concurrent, identity, java, later, program
from support.loops import collect_until
from support.memory import resident
from support.programs import lines_of

Future = concurrent("CompletableFuture")
NATIVE = pyloop.engine() == "native"


def test_a_loop_that_is_closed_takes_its_bridge_along() -> None:
    async def main() -> Any:
        kept.append(pj.wrap(Future()))
        return weakref.ref(_bridge.running())

    kept: list[Any] = []
    reference = pyloop.run(main())
    assert collect_until(lambda: reference() is None)
    assert kept[0]._pending == {}


def test_stages_that_end_after_their_loop_are_dropped() -> None:
    stages = [Future() for _ in range(10)]

    async def main() -> None:
        for stage in stages:
            pj.wrap(stage)

    pyloop.run(main())
    for stage in stages:
        assert stage.complete("late")


def test_stages_posted_and_not_seen_when_the_loop_is_closed_are_dropped() -> None:
    loop = pyloop.new_event_loop()
    stage = Future()

    async def main() -> None:
        pj.wrap(stage)

    loop.run_until_complete(main())
    stage.complete("posted")
    loop.close()


def test_a_task_that_its_loop_leaves_behind_is_a_cancelled_stage() -> None:
    loop = pyloop.new_event_loop()

    async def forever() -> None:
        await asyncio.Event().wait()

    async def main() -> Any:
        return pj.to_stage(forever())

    stage = loop.run_until_complete(main())
    tasks = asyncio.all_tasks(loop)
    loop.close()
    gc.collect()
    assert stage.isCancelled()
    for task in tasks:  # which would complain that it was destroyed
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        task.get_coro().close()


def test_a_loop_that_is_dropped_takes_its_bridge_along() -> None:
    async def main() -> Any:
        await pj.wrap(later(None))
        return weakref.ref(_bridge.running())

    loops = [pyloop.new_event_loop()]
    reference = loops[0].run_until_complete(main())

    def drop() -> None:
        loops.clear()
        assert collect_until(lambda: reference() is None)

    with pytest.warns(ResourceWarning):
        drop()


def test_a_loop_runs_again_and_has_its_bridge() -> None:
    loop = pyloop.new_event_loop()

    async def main() -> Any:
        await pj.wrap(later(None))
        return _bridge.running()

    assert loop.run_until_complete(main()) is loop.run_until_complete(main())
    loop.close()


def python_objects() -> int:
    """How many there are, but for contexts: handles that the engine keeps for later keep theirs."""
    gc.collect()
    return sum(not isinstance(each, contextvars.Context) for each in gc.get_objects())


def java_bytes() -> int:
    """How much of Java's heap is in use."""
    runtime = java("java.lang.Runtime").getRuntime()
    java("java.lang.System").gc()
    return int(runtime.totalMemory() - runtime.freeMemory())


def test_many_stages_leave_memory_flat(stage_count: int) -> None:
    pool = concurrent("Executors").newSingleThreadExecutor()
    source = Future.completedFuture(None)

    async def some(count: int) -> None:
        for _ in range(count // 500):
            stages = [source.thenApplyAsync(identity(), pool) for _ in range(500)]
            await asyncio.gather(*[pj.wrap(stage) for stage in stages])

    async def main() -> None:
        await some(10_000)
        before = resident(), python_objects(), java_bytes()
        await some(stage_count)
        after = resident(), python_objects(), java_bytes()
        assert after[1] - before[1] < 100
        assert after[2] - before[2] < 4 << 20
        # A heap of 128 MiB may be filled by now.
        assert after[0] - before[0] < 144 << 20

    try:
        pyloop.run(main())
    finally:
        pool.shutdown()


def test_the_virtual_machine_is_shut_down_before_the_loop() -> None:
    said = lines_of(
        f"""{program()}
async def main():
    waiting = pj.wrap(Future())
    items = pj.iterate(jpype.JClass("reactor.core.publisher.Flux").never())
    first = asyncio.ensure_future(anext(items))
    await asyncio.sleep(0.01)
    jpype.shutdownJVM()
    for future in (waiting, first):
        try:
            await asyncio.wait_for(future, 30)
        except RuntimeError as error:
            say(error)
    try:
        pj.executor()
    except RuntimeError as error:
        say(error)
asyncio.run(main())
""",
    )
    assert said == [
        "the Java virtual machine was shut down",
        "the Java virtual machine was shut down",
        "Java cannot be used any more: its virtual machine was shut down",
    ]


def test_a_process_ends_with_everything_pending() -> None:
    said = lines_of(
        f"""{program()}
pj_kept = []
async def main():
    pj_kept.extend([pj.wrap(Future()), pj.to_stage(asyncio.sleep(0)), pj.executor(), asyncio.get_running_loop()])
    runnable = jpype.JObject(lambda: None, jpype.JClass("java.lang.Runnable"))
    pj.executor().schedule(runnable, 3600_000, MILLISECONDS)
    await asyncio.sleep(0.01)
    say("ran")
loop = new_event_loop()
loop.run_until_complete(main())
"""
    )
    assert said == ["ran"]


@pytest.mark.skipif(not NATIVE, reason="with a JVM as the engine no loop survives a fork")
def test_a_forked_child_leaves_the_parents_java_alone() -> None:
    said = lines_of(
        f"""{program()}
import warnings
warnings.simplefilter("ignore")  # of the interpreter, about threads
async def begin():
    global stage, waiting
    stage = Future()
    waiting = pj.wrap(stage)
    await asyncio.sleep(0.01)

async def child():
    try:
        pj.executor()
    except RuntimeError as error:
        say(error)
    await asyncio.sleep(0.2)
    say("child done")

async def parent():
    for number in range(20):
        later = Future().completeOnTimeout(number, 5, MILLISECONDS)
        assert await asyncio.wait_for(pj.wrap(later), 30) == number
    stage.complete("parent done")
    return await waiting

loop = new_event_loop()
loop.run_until_complete(begin())
child_id = os.fork()
if not child_id:
    loop.run_until_complete(child())
    os._exit(0)
done = loop.run_until_complete(parent())
os.waitpid(child_id, 0)
say(done)
loop.close()
"""
    )
    assert said == [
        "Java cannot be used in this process: it was forked from the one that the Java virtual machine belongs to",
        "child done",
        "parent done",
    ]
