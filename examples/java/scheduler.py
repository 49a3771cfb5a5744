"""Java schedules coroutines: the loop is its ScheduledExecutorService, and a Python object its Runnable."""

from __future__ import annotations

import asyncio

import jpype

import pyloop
import pyloop.java as pj


class Poll:
    """A ``Runnable`` whose ``run`` is a coroutine."""

    def __init__(self) -> None:
        self.count = 0
        self.enough = asyncio.Event()

    async def run(self) -> None:
        """Do some work of the loop's, for example a request."""
        await asyncio.sleep(0.001)
        self.count += 1
        print("poll", self.count)
        if self.count == 5:
            self.enough.set()


async def main() -> None:
    poll = Poll()
    executor = pj.executor()
    milliseconds = jpype.JClass("java.util.concurrent.TimeUnit").MILLISECONDS
    periodic = executor.scheduleAtFixedRate(pj.proxy(poll, "java.lang.Runnable"), 0, 10, milliseconds)
    await poll.enough.wait()
    periodic.cancel(False)
    executor.shutdown()


if __name__ == "__main__":
    jpype.startJVM()
    pyloop.run(main())
