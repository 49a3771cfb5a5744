"""Children."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from asyncio.subprocess import DEVNULL, PIPE

from soak.book import Receipt, WrongBytesError
from soak.surroundings import Surroundings


async def child(around: Surroundings) -> None:
    """Send bytes through a child, which copies them, and check what comes back."""
    number, size = around.stream(), around.size()
    process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    try:
        output, _ = await process.communicate(around.book.read(number, 0, size))
    except BaseException:
        await _end(process)
        raise
    receipt = Receipt(around.book, number)
    receipt.add(output)
    receipt.expect(size)
    if process.returncode != 0:
        raise WrongBytesError(f"a child has ended with status {process.returncode}")
    around.counts["bytes"] += size
    around.counts["children"] += 1


async def killed_child(around: Surroundings) -> None:
    """Kill a child that would run on."""
    process = await asyncio.create_subprocess_exec("sleep", "600", stdin=DEVNULL)
    try:
        await around.pause()
        process.send_signal(signal.SIGKILL)
        status = await process.wait()
    except BaseException:
        await _end(process)
        raise
    if status != -signal.SIGKILL:
        raise WrongBytesError(f"a child that was killed has ended with status {status}")
    around.counts["children killed"] += 1


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await asyncio.shield(process.communicate())
