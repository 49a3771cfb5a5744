"""gunicorn with uvicorn's workers: the program is loaded before or after the fork."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

import aiohttp
import pytest

import pyloop
from support.commands import LIFESPAN, logged, started
from support.programs import HANG_SECONDS
from support.streams import run

_WORKERS: Final = 2

_WORKER: Final = """
from uvicorn_worker import UvicornWorker

class PyLoopWorker(UvicornWorker):
    CONFIG_KWARGS = {"loop": "pyloop:new_event_loop"}
"""

_PROGRAM: Final = (
    LIFESPAN
    + """
import asyncio
import os

import pyloop

USED = []
if os.environ["USES_A_LOOP_BEFORE"] == "True":
    # As programs do that read their settings from somewhere; one loop is closed then, and one is not.
    pyloop.run(asyncio.sleep(0.001))
    USED.append(pyloop.new_event_loop())
    USED[0].run_until_complete(asyncio.to_thread(str))

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    await asyncio.sleep(0.01)
    kind = type(asyncio.get_running_loop()) is pyloop.EventLoop
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"{kind} {os.getpid()}".encode()})
"""
)


@pytest.mark.parametrize("options", [[], ["--preload"]], ids=["loaded by workers", "preloaded"])
def test_workers_answer_and_end(loop: asyncio.AbstractEventLoop, options: list[str], tmp_path: Path) -> None:
    # A JVM must not be there before the fork.
    used = options == ["--preload"] and pyloop.engine() == "native"
    (tmp_path / "worker.py").write_text(_WORKER)
    (tmp_path / "program.py").write_text(_PROGRAM)
    command = [sys.executable, "-m", "gunicorn", "program:app", "-k", "worker.PyLoopWorker", "-w", str(_WORKERS)]
    command += ["--bind", "127.0.0.1:0", "--no-control-socket", *options]

    async def get(port: str) -> str:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/") as response:
            return await response.text()

    with started(command, tmp_path, {"USES_A_LOOP_BEFORE": str(used)}) as (process, log):

        async def main() -> set[str]:
            port = (await logged(process, log, r"Listening at: http://127\.0\.0\.1:(\d+)"))[1]
            await logged(process, log, "(?s)" + ".*lifespan.startup" * _WORKERS)
            answers: set[str] = set()
            while len(answers) < _WORKERS:
                answers |= set(await asyncio.gather(*(get(port) for _ in range(20))))
            return answers

        answers = run(loop, main())
        assert {answer.partition(" ")[0] for answer in answers} == {"True"}
        process.terminate()
        assert process.wait(HANG_SECONDS) == 0, log.read_text()
    text = log.read_text()
    assert text.count("lifespan.shutdown") == _WORKERS, text
    assert "Traceback" not in text, text
