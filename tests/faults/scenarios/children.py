"""Children."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio.subprocess import DEVNULL, PIPE

from faults.scenarios.bytes_ import LARGE, SMALL, check


async def child() -> None:
    """One whose end alone is of interest."""
    process = await asyncio.create_subprocess_exec("true", stdin=DEVNULL)
    if await process.wait() != 0:
        raise ChildProcessError("a child has failed")


async def child_with_pipes() -> None:
    """One that copies what it is given."""
    process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    try:
        output, _ = await process.communicate(SMALL + LARGE[:100_000])
        check(output, SMALL + LARGE[:100_000])
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
