"""Servers that are started by a command, and what they write."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from support.programs import program_environment

LIFESPAN: Final = """
async def lifespan(receive, send):
    while True:
        event = (await receive())["type"]
        print(event, flush=True)
        await send({"type": event + ".complete"})
        if event == "lifespan.shutdown":
            return
"""
"""The part of an ASGI program that is told of the server's start and end, and writes it down."""

BODY: Final = """
async def body_of(receive):
    body = b""
    more = True
    while more:
        message = await receive()
        body += message["body"]
        more = message["more_body"]
    return body
"""
"""The part of an ASGI program that reads what a request carries."""


def told(stream: IO[str], pattern: str) -> re.Match[str]:
    """Wait until the lines that a command writes match a pattern. They must not end before."""
    log = ""
    while not (found := re.search(pattern, log)):
        line = stream.readline()
        assert line, f"the command did not say {pattern}:\n{log}"
        log += line
    return found


@contextlib.contextmanager
def started(
    command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A command that runs in a folder, and the file with all that it writes. Whoever is left at the end is killed."""
    log = folder / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=folder, env=program_environment(env), stdout=output, stderr=output, start_new_session=True
        ) as process,
    ):
        try:
            yield process, log
        finally:
            # With its workers, if it has left any.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


async def logged(process: subprocess.Popen[bytes], log: Path, pattern: str) -> re.Match[str]:
    """Wait until what a command has written matches a pattern. It must not end before."""
    while not (found := re.search(pattern, log.read_text())):
        assert process.poll() is None, log.read_text()
        await asyncio.sleep(0.01)
    return found
