"""A peer that crashes, hangs or talks nonsense: the benchmark reports it, and goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PEER = "rsloop"
"""The name of a peer that no test environment has: the tests put one of their own in its place."""

CRASH = """
import os, signal

def new_event_loop():
    os.kill(os.getpid(), signal.SIGSEGV)
"""
HANG = """
import time

def new_event_loop():
    time.sleep(600)
"""
NONSENSE = """
import asyncio

def new_event_loop():
    print("welcome to this loop", flush=True)
    return asyncio.new_event_loop()
"""
DIES_UNDER_LOAD = """
import asyncio, os, signal

class Loop(asyncio.SelectorEventLoop):
    async def create_server(self, factory, *arguments, **options):
        def made():
            protocol = factory()
            protocol.data_received = lambda data: os.kill(os.getpid(), signal.SIGSEGV)
            return protocol

        return await super().create_server(made, *arguments, **options)

def new_event_loop():
    return Loop()
"""


@pytest.mark.parametrize(
    ("peer", "alone", "server"),
    [
        (CRASH, "killed by signal 11", "killed by signal 11"),
        (HANG, "no end within 10 s", "did not start within 10 s"),
        (NONSENSE, "printed no figures but 'welcome", "told no address but 'welcome"),
        (DIES_UNDER_LOAD, None, "the server: killed by signal 11"),
        ("raise ImportError('built for another Python')", "ImportError: built for another Python", "ImportError"),
    ],
    ids=["crash", "hang", "nonsense", "dies under load", "cannot be imported"],
)
def test_a_peer_that_fails_is_reported_and_harms_nobody(
    tmp_path: Path, peer: str, alone: str | None, server: str
) -> None:
    (tmp_path / f"{PEER}.py").write_text(f'__version__ = "0"\n{peer}')
    subprocess.run(
        [
            *(sys.executable, "-m", "pyloop.bench", "--smoke", "--timeout", "10", "--output", str(tmp_path)),
            *("--loops", f"{PEER},asyncio", "--only", "gather", "--only", "echo-protocol-64-1"),
        ],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
    )
    made = json.loads((tmp_path / "report.json").read_text())
    failures = {
        what.rpartition(", ")[2] + (" server" if "echo" in what else ""): why for what, why in made["failures"].items()
    }
    assert server in failures.pop(f"{PEER} server")
    if alone:
        assert alone in failures.pop(PEER)
    assert failures == {}
    for result in made["results"]:
        for samples in result["samples"].values():
            assert samples["asyncio"]
            assert (PEER in samples) == (alone is None and result["name"] == "gather")
