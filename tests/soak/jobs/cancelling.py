"""Jobs that are cancelled at any moment."""

from __future__ import annotations

import asyncio
import contextlib

from soak.surroundings import Job, Surroundings


def cancelled(*jobs: Job) -> Job:
    """The job to begin one of `jobs` and to cancel it somewhere on its way."""

    async def begin_and_cancel(around: Surroundings) -> None:
        task = asyncio.ensure_future(around.dice.choice(jobs)(around))
        if around.chance(2):
            for _ in range(around.dice.randrange(30)):
                await asyncio.sleep(0)
        else:
            await asyncio.sleep(around.dice.random() * 0.02)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        around.counts["cancelled" if task.cancelled() else "too late to cancel"] += 1

    return begin_and_cancel
