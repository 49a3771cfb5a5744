"""Dask: a scheduler, workers in processes of their own and an asynchronous client, all on PyLoop."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from support.commands import told
from support.programs import HANG_SECONDS, program_environment

_EXAMPLES: Final = Path(__file__).resolve().parents[3] / "examples"

pytestmark = pytest.mark.timeout(5 * HANG_SECONDS)

_CLIENT: Final = """
import asyncio, sys
import pyloop
from distributed import Client

async def where():
    return type(asyncio.get_running_loop()).__module__

async def main():
    async with Client(sys.argv[1], asynchronous=True) as client:
        await client.wait_for_workers(2)
        print(sum(await client.gather(client.map(abs, range(-100, 0)))))
        print(*sorted((await client.run(where)).values()), await client.run_on_scheduler(where))

pyloop.run(main())
"""


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a Python, with time for those that it starts: each imports all of Dask."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=program_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=3 * HANG_SECONDS,
    )


def test_the_example_runs() -> None:
    done = _run(str(_EXAMPLES / "packages" / "dask_cluster.py"), "200")
    assert done.returncode == 0, done.stderr
    assert "200 tasks" in done.stdout
    assert "loops: pyloop._loop" in done.stdout


def test_the_benchmark_measures_it(tmp_path: Path) -> None:
    options = ("--smoke", "--only", "dask", "--loops", "pyloop,asyncio", "--output", str(tmp_path))
    done = _run("-m", "pyloop.bench", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    made = json.loads((tmp_path / "report.json").read_text())
    assert made["unmeasured"] == made["failures"] == {}
    assert sorted(made["results"][0]["samples"]["seconds"]) == ["asyncio", "pyloop"]


@contextlib.contextmanager
def _started(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command of Dask's on PyLoop, and the address that it says first; ended in the end."""
    with subprocess.Popen(
        [sys.executable, "-m", "pyloop", "-m", *arguments],
        cwd=folder,
        env=program_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            yield process, told(process.stderr, r"at: +(tcp://127\.0\.0\.1:\d+)")[1]
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=HANG_SECONDS)
            finally:
                process.kill()


def test_scheduler_and_workers_are_commands_of_their_own(tmp_path: Path) -> None:
    scheduler = ("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    with _started(tmp_path, *scheduler) as (_, address):
        worker = ("distributed.cli.dask_worker", address, "--no-nanny", "--no-dashboard", "--nthreads", "1")
        with _started(tmp_path, *worker), _started(tmp_path, *worker):
            done = _run("-c", _CLIENT, address)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["5050", "pyloop._loop pyloop._loop pyloop._loop"]
