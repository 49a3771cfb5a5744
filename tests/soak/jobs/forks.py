"""Forks, whose child runs a loop of its own where the engine can do that."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import warnings
from typing import Final

import pyloop
from soak.book import Book, Receipt, WrongBytesError
from soak.surroundings import HANG_SECONDS, Surroundings

_OK: Final = 0
_FAILED: Final = 1


async def fork(around: Surroundings) -> None:
    """Fork, and have the child check bytes that it sends to itself."""
    number, size = around.stream(), around.size()
    with warnings.catch_warnings():
        # Other threads run while this one forks: that is what is tried here.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _live(around.book, number, size)
    status = await asyncio.to_thread(lambda: os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    if status != _OK:
        raise WrongBytesError(f"the child of a fork has ended with status {status}")
    around.counts["forks"] += 1


def _live(book: Book, number: int, size: int) -> None:
    """The life of the child; it ends here, whatever happens."""
    status = _FAILED
    try:
        # One that hangs is ended by the system.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(HANG_SECONDS)
        if pyloop.engine() == "native":
            with contextlib.closing(pyloop.new_event_loop()) as loop:
                loop.run_until_complete(_send_to_itself(book, number, size))
        status = _OK
    finally:
        os._exit(status)


async def _send_to_itself(book: Book, number: int, size: int) -> None:
    receipt = Receipt(book, number)
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        receipt.add(await reader.read(-1))
        writer.close()
        done.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(book.read(number, 0, size))
    writer.write_eof()
    await done.wait()
    receipt.expect(size)
    writer.close()
    await writer.wait_closed()
    server.close()
