"""Order, fairness and contexts."""

from __future__ import annotations

import asyncio
import contextvars
import socket
from functools import partial
from typing import Any

import jpype

import pyloop
import pyloop.java as pj
from support.java import concurrent, identity, java, later

Future = concurrent("CompletableFuture")
VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")


def note(where: list[Any], what: object, _future: asyncio.Future[Any]) -> None:
    where.append(what)


def test_completions_arrive_in_the_order_in_which_they_came() -> None:
    ended: list[int] = []

    async def main() -> None:
        stages = [Future() for _ in range(1000)]
        futures = [pj.wrap(stage) for stage in stages]
        for number, future in enumerate(futures):
            future.add_done_callback(partial(note, ended, number))
        order = [*range(0, 1000, 2), *range(1, 1000, 2)]
        for number in order:
            stages[number].complete(None)
        await asyncio.wait(futures)
        await asyncio.sleep(0)
        assert ended == order

    pyloop.run(main())


def test_work_and_completions_keep_their_order() -> None:
    seen: list[str] = []

    async def main() -> None:
        executor = pj.executor()
        stages = [Future() for _ in range(20)]
        futures = [pj.wrap(stage) for stage in stages]
        for number, future in enumerate(futures):
            future.add_done_callback(partial(note, seen, f"done {number}"))
        for number, stage in enumerate(stages):
            stage.complete(None)
            executor.execute(lambda number=number: seen.append(f"ran {number}"))
        await asyncio.wait(futures)
        await asyncio.sleep(0.02)
        for kind in ("done", "ran"):
            assert [word for word in seen if word.startswith(kind)] == [f"{kind} {number}" for number in range(20)]
        # A callback of a future comes a turn after its end.
        assert all(seen.index(f"done {number}") < seen.index(f"ran {number + 2}") for number in range(18))

    pyloop.run(main())


def test_a_flood_of_completions_leaves_the_loop_time_for_its_descriptors(pool: Any) -> None:
    """The flood ends when a descriptor has been served often: if it starved it, or was starved, this would not end."""
    here, there = socket.socketpair()
    here.setblocking(False)
    there.setblocking(False)
    going = True
    flooded = 0

    async def flood() -> None:
        nonlocal flooded
        source = Future.completedFuture(None)
        while going:
            stages = [pj.wrap(source.thenApplyAsync(identity(), pool)) for _ in range(100)]
            await asyncio.gather(*stages)
            flooded += 100

    async def main() -> None:
        nonlocal going
        loop = asyncio.get_running_loop()
        floods = [asyncio.ensure_future(flood()) for _ in range(2)]
        served = 0
        while served < 20 or flooded < 1000:
            receiving = asyncio.ensure_future(loop.sock_recv(there, 1))
            await asyncio.sleep(0)
            here.send(b"x")
            assert await receiving == b"x"
            served += 1
        going = False
        await asyncio.gather(*floods)

    pyloop.run(main())
    here.close()
    there.close()


def test_a_flood_of_work_leaves_the_loop_time_for_timers(pool: Any) -> None:
    counter = concurrent("atomic.LongAdder")()
    going = concurrent("atomic.AtomicBoolean")(True)

    async def main() -> None:
        executor = pj.executor()
        increment = jpype.JObject(counter.increment, java("java.lang.Runnable"))

        def produce() -> None:
            while going.get():
                executor.execute(increment)

        for _ in range(2):
            pool.execute(jpype.JObject(produce, java("java.lang.Runnable")))
        for _ in range(20):
            await asyncio.sleep(0.001)
        going.set(False)

    pyloop.run(main())
    assert counter.sum() > 0


def test_a_flood_of_items_leaves_the_loop_turns() -> None:
    async def main() -> None:
        turns = 0

        def turn() -> None:
            nonlocal turns
            turns += 1
            loop.call_soon(turn)

        loop = asyncio.get_running_loop()
        loop.call_soon(turn)
        count = 0
        async for _ in pj.iterate(java("reactor.core.publisher.Flux").range(0, 2000), prefetch=64):
            count += 1
        assert count == 2000
        assert turns >= 20

    pyloop.run(main())


def test_the_context_of_an_await_is_the_tasks() -> None:
    async def work(name: str) -> str:
        VARIABLE.set(name)
        await pj.wrap(later(None))
        return VARIABLE.get()

    async def main() -> None:
        assert [*await asyncio.gather(work("a"), work("b"))] == ["a", "b"]

    pyloop.run(main())


def test_the_context_of_to_stage_is_the_callers() -> None:
    async def work() -> str:
        await asyncio.sleep(0)
        seen = VARIABLE.get()
        VARIABLE.set("the task's own")
        return seen

    async def main() -> None:
        VARIABLE.set("caller")
        assert await pj.wrap(pj.to_stage(work())) == "caller"
        assert VARIABLE.get() == "caller"

    pyloop.run(main())


def test_the_bridge_does_not_keep_the_context_of_whoever_came_first() -> None:
    async def main() -> None:
        VARIABLE.set("first")
        await pj.wrap(later(None))
        seen: list[str] = []
        pj.executor().execute(lambda: seen.append(VARIABLE.get()))
        await asyncio.sleep(0.01)
        assert seen == ["unset"]

    pyloop.run(main())
