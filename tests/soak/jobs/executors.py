"""Work that threads do for the loop."""

from __future__ import annotations

import asyncio

from soak.book import WrongBytesError
from soak.surroundings import Surroundings


async def work_of_threads(around: Surroundings) -> None:
    """Have the default executor read the book, several at a time."""
    loop = asyncio.get_running_loop()
    streams = [around.stream() for _ in range(around.dice.randrange(1, 10))]
    size = around.size()
    read = await asyncio.gather(
        *(loop.run_in_executor(None, around.book.read, stream, 0, size) for stream in streams),
    )
    if read != [around.book.read(stream, 0, size) for stream in streams]:
        raise WrongBytesError("the results of the executor are others'")
    around.counts["works of threads"] += len(streams)
