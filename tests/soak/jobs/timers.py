"""Timers, many of which are cancelled."""

from __future__ import annotations

import asyncio

from soak.book import WrongBytesError
from soak.surroundings import Surroundings


async def timers(around: Surroundings) -> None:
    """Set timers, cancel half of them, and see that the rest run in order."""
    loop = asyncio.get_running_loop()
    count = around.dice.randrange(1, 200)
    start = loop.time()
    ran: list[float] = []
    moments = [start + around.dice.random() / 20 for _ in range(count)]
    handles = [loop.call_at(moment, ran.append, moment) for moment in moments]
    for handle in handles:
        if around.chance(2):
            handle.cancel()
    kept = [handle for handle in handles if not handle.cancelled()]
    done = loop.create_future()
    loop.call_at(start + 0.06, done.set_result, None)
    await done
    if ran != sorted(handle.when() for handle in kept):
        raise WrongBytesError("timers ran in another order, or others did")
    around.counts["timers"] += count
