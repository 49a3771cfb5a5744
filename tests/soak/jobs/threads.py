"""Calls from other threads."""

from __future__ import annotations

import asyncio
import threading

from soak.book import WrongBytesError
from soak.surroundings import Surroundings


async def calls_from_threads(around: Surroundings) -> None:
    """Have threads call the loop, and see that all calls come, and those of a thread in its order."""
    loop = asyncio.get_running_loop()
    count = around.dice.randrange(1, 300)
    arrived: list[list[int]] = [[] for _ in range(around.dice.randrange(1, 4))]
    done = loop.create_future()

    def arrive(numbers: list[int], number: int) -> None:
        numbers.append(number)
        if number == count - 1 and all(len(other) == count for other in arrived):
            done.set_result(None)

    def call(numbers: list[int]) -> None:
        for number in range(count):
            loop.call_soon_threadsafe(arrive, numbers, number)

    threads = [threading.Thread(target=call, args=(numbers,)) for numbers in arrived]
    for thread in threads:
        thread.start()
    await done
    for thread in threads:
        thread.join()
    if any(numbers != list(range(count)) for numbers in arrived):
        raise WrongBytesError("calls from other threads came in another order")
    around.counts["calls from threads"] += count * len(threads)
