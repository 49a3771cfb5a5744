"""Ten thousand commands at once to a Redis server, by Lettuce: ``python examples/java/lettuce.py redis://localhost``."""

from __future__ import annotations

import asyncio
import sys
import time

import jpype

import pyloop
import pyloop.java as pj

COMMANDS = 10_000


async def main(address: str) -> None:
    pj.install()
    client = jpype.JClass("io.lettuce.core.RedisClient").create(address)
    connection = await asyncio.to_thread(client.connect)
    commands = connection.async_()
    start = time.perf_counter()
    await asyncio.gather(*[pj.wrap(commands.incr("counter")) for _ in range(COMMANDS)])
    rate = COMMANDS / (time.perf_counter() - start)
    print(f"{rate:,.0f} commands a second; the counter is {await commands.get('counter')}")
    await connection.closeAsync()
    await client.shutdownAsync()


if __name__ == "__main__":
    jpype.startJVM()
    pyloop.run(main(*sys.argv[1:]))
