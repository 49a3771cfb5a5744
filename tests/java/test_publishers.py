"""Publishers of Java's iterated over, and iterators of Python's as publishers."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator
from typing import Any

import jpype
import pytest

import pyloop
import pyloop.java as pj
from support.java import concurrent, identity, java

Flux: Any = java("reactor.core.publisher.Flux")
Publisher: Any = java("org.reactivestreams.Publisher")


async def numbers(count: int) -> AsyncIterator[int]:
    for number in range(count):
        yield number


@pytest.mark.parametrize("prefetch", [1, 2, 3, 32, 256])
def test_items_come_in_order(prefetch: int) -> None:
    async def main() -> None:
        assert [item async for item in pj.iterate(Flux.range(0, 1000), prefetch=prefetch)] == list(range(1000))

    pyloop.run(main())


def test_a_publisher_of_flow_and_of_another_thread() -> None:
    publisher = concurrent("SubmissionPublisher")()

    async def main() -> None:
        items = pj.iterate(publisher, prefetch=4)
        first = asyncio.ensure_future(anext(items))
        while not publisher.hasSubscribers():
            await asyncio.sleep(0)
        for number in range(100):
            publisher.submit(number)
        publisher.close()
        assert await first == 0
        assert [item async for item in items] == list(range(1, 100))

    pyloop.run(main())


def test_rxjava() -> None:
    flowable = java("io.reactivex.rxjava3.core.Flowable").range(0, 100)

    async def main() -> None:
        assert [item async for item in pj.iterate(flowable)] == list(range(100))

    pyloop.run(main())


def requests_of(flux: Any, requests: list[int]) -> Any:
    return flux.doOnRequest(
        jpype.JObject(lambda count: requests.append(int(count)), java("java.util.function.LongConsumer"))
    )


def test_no_more_is_requested_than_is_taken() -> None:
    requests: list[int] = []

    async def main() -> None:
        items = pj.iterate(requests_of(Flux.range(0, 1_000_000), requests), prefetch=8)
        for taken in range(1, 101):
            await anext(items)
            assert sum(requests) <= taken + 8
        await items.aclose()

    pyloop.run(main())
    assert requests[0] == 8


def test_nothing_is_requested_before_the_first_item_is_wanted() -> None:
    requests: list[int] = []

    async def main() -> None:
        items = pj.iterate(requests_of(Flux.range(0, 10), requests))
        await asyncio.sleep(0.01)
        assert requests == []
        await anext(items)
        await items.aclose()

    pyloop.run(main())


@pytest.mark.parametrize("way", ["aclose", "break", "cancel"])
def test_leaving_cancels_the_subscription(way: str) -> None:
    cancelled = concurrent("atomic.AtomicInteger")()
    source = Flux.never() if way == "cancel" else Flux.range(0, 1000)
    flux = source.doOnCancel(jpype.JObject(cancelled.incrementAndGet, java("java.lang.Runnable")))

    async def main() -> None:
        items = pj.iterate(flux, prefetch=4)
        if way == "cancel":
            task = asyncio.ensure_future(anext(items))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        elif way == "aclose":
            await anext(items)
            await items.aclose()
        else:
            async for _ in items:
                break
            del items
            gc.collect()
            await asyncio.sleep(0.01)
        assert cancelled.get() == 1

    pyloop.run(main())


def test_an_error_ends_the_iteration_after_the_items_before_it() -> None:
    illegal = java("java.lang.IllegalStateException")

    async def main() -> None:
        items = pj.iterate(Flux.concat(Flux.range(0, 50), Flux.error(illegal("in the middle"))))
        for number in range(50):
            assert await anext(items) == number
        with pytest.raises(illegal, match="in the middle"):
            await anext(items)
        with pytest.raises(StopAsyncIteration):
            await anext(items)

    pyloop.run(main())


def test_a_publisher_that_refuses_raises() -> None:
    async def main() -> None:
        with pytest.raises(java("java.lang.IllegalStateException")):
            async for _ in pj.iterate(Flux.error(java("java.lang.IllegalStateException")("no"))):
                pass
        assert [item async for item in pj.iterate(Flux.empty())] == []

    pyloop.run(main())


def test_slow_items_wake_the_loop() -> None:
    duration = java("java.time.Duration").ofMillis(2)

    async def main() -> None:
        assert [item async for item in pj.iterate(Flux.interval(duration).take(10))] == list(range(10))

    pyloop.run(main())


def test_an_iterator_is_a_publisher() -> None:
    async def main() -> None:
        assert [item async for item in pj.iterate(pj.to_publisher(numbers(100)), prefetch=3)] == list(range(100))

    pyloop.run(main())


def test_an_iterator_is_a_publisher_of_reactive_streams() -> None:
    async def main() -> None:
        publisher = pj.to_publisher(numbers(100), "org.reactivestreams.Publisher")
        assert isinstance(publisher, Publisher)
        stage = Flux.from_(publisher).map(identity()).collectList().toFuture()
        assert list(await pj.wrap(stage)) == list(range(100))

    pyloop.run(main())


def test_a_publisher_runs_its_iterator_as_items_are_wanted() -> None:
    made: list[int] = []

    async def counted() -> AsyncIterator[int]:
        for number in range(1000):
            made.append(number)
            yield number

    async def main() -> None:
        items = pj.iterate(pj.to_publisher(counted()), prefetch=4)
        for taken in range(1, 21):
            await anext(items)
            assert len(made) <= taken + 4
        await items.aclose()

    pyloop.run(main())


def test_a_cancelled_subscription_closes_the_iterator() -> None:
    closed: list[str] = []

    async def endless() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            await asyncio.sleep(0)
            closed.append("closed")

    async def main() -> None:
        async with contextlib.aclosing(pj.iterate(pj.to_publisher(endless()), prefetch=2)) as items:
            await anext(items)
        while not closed:
            await asyncio.sleep(0)

    pyloop.run(main())
    assert closed == ["closed"]


def test_an_error_of_the_iterator_is_the_subscribers_and_comes_back() -> None:
    error = KeyError("own")

    async def failing() -> AsyncIterator[int]:
        yield 1
        raise error

    async def main() -> None:
        with pytest.raises(KeyError) as caught:
            async for _ in pj.iterate(pj.to_publisher(failing())):
                pass
        assert caught.value is error

    pyloop.run(main())


def test_one_iterator_has_one_subscriber_and_a_function_any_number() -> None:
    async def main() -> None:
        single, many = pj.to_publisher(numbers(3)), pj.to_publisher(lambda: numbers(3))
        assert [item async for item in pj.iterate(single)] == [0, 1, 2]
        with pytest.raises(java("java.lang.IllegalStateException"), match="one subscriber"):
            await anext(pj.iterate(single))
        for _ in range(2):
            assert [item async for item in pj.iterate(many)] == [0, 1, 2]

    pyloop.run(main())


def test_what_is_no_publisher() -> None:
    async def main() -> None:
        with pytest.raises(TypeError, match="is no publisher"):
            pj.iterate(java("java.util.ArrayList")())
        with pytest.raises(TypeError, match="a publisher of Java's is needed"):
            pj.iterate(numbers(3))
        with pytest.raises(ValueError, match="prefetch"):
            pj.iterate(Flux.empty(), prefetch=0)
        with pytest.raises(TypeError, match="an asynchronous iterator"):
            pj.to_publisher([1])  # type: ignore[arg-type]

    pyloop.run(main())
