"""A publisher of Reactor's, which works in threads of its own, as an async iterator; and the other way round."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import jpype

import pyloop
import pyloop.java as pj


async def squares(count: int) -> AsyncIterator[int]:
    for number in range(count):
        await asyncio.sleep(0.001)
        yield number * number


async def main() -> None:
    flux = jpype.JClass("reactor.core.publisher.Flux")
    parallel = jpype.JClass("reactor.core.scheduler.Schedulers").parallel()

    total = 0
    async for number in pj.iterate(flux.range(0, 10_000).publishOn(parallel), prefetch=256):
        total += number
    print("summed up in Python:", total)

    publisher = pj.to_publisher(squares(20), "org.reactivestreams.Publisher")
    print("collected in Java:", await pj.wrap(flux.from_(publisher).buffer(5).collectList().toFuture()))


if __name__ == "__main__":
    jpype.startJVM()
    pyloop.run(main())
