"""One loop of the soak: it does jobs, several at a time, for a while."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from soak.jobs import WEIGHTS
from soak.service import serving
from soak.surroundings import HANG_SECONDS, Job, Surroundings

AT_A_TIME: Final = 12
EXECUTOR_THREADS: Final = 3

_JOBS: Final = list(WEIGHTS)
_WEIGHTS: Final = list(WEIGHTS.values())


@contextlib.asynccontextmanager
async def prepared(around: Surroundings) -> AsyncIterator[None]:
    """Make the running loop ready for jobs: its servers, its executor, and what notes its errors."""
    loop = asyncio.get_running_loop()
    executor = ThreadPoolExecutor(EXECUTOR_THREADS)
    loop.set_default_executor(executor)
    loop.set_exception_handler(lambda _loop, context: _note(around, context))
    # All of its threads, so that none is made later.
    await asyncio.gather(*(loop.run_in_executor(None, around.folder.exists) for _ in range(EXECUTOR_THREADS)))
    async with serving(around):
        yield
    await loop.shutdown_default_executor()


def _note(around: Surroundings, context: dict[str, Any]) -> None:
    error = context.get("exception")
    if (
        isinstance(error, ConnectionError)
        and context["message"] == "Error on transport creation for incoming connection"
    ):
        return  # a client that is cancelled in its TLS handshake; told in debug mode only
    text = "" if error is None else "\n" + "".join(traceback.format_exception(error))
    around.failures.append(f"reported to the loop: {context['message']}{text}")


async def work(around: Surroundings, seconds: float) -> None:
    """Do jobs for a time; return when all of them have ended."""
    end = asyncio.get_running_loop().time() + seconds
    async with asyncio.TaskGroup() as workers:
        for _ in range(AT_A_TIME):
            workers.create_task(_work(around, end))


async def _work(around: Surroundings, end: float) -> None:
    loop = asyncio.get_running_loop()
    while loop.time() < end and not around.failures:
        (job,) = around.dice.choices(_JOBS, _WEIGHTS)
        await attempt(around, job)


async def attempt(around: Surroundings, job: Job) -> None:
    """Do a job, and note if it fails or hangs."""
    try:
        async with asyncio.timeout(HANG_SECONDS):
            await job(around)
    except Exception as error:
        around.failures.append(f"{job.__name__}: {''.join(traceback.format_exception(error))}")
    around.counts["jobs"] += 1
