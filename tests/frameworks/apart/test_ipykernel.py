"""A Jupyter kernel on PyLoop: its cells may await, and a second one goes on where the first has stopped."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import pytest
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec

from support.programs import HANG_SECONDS, program_environment

_COMMAND: Final = ["-m", "pyloop", "-m", "ipykernel_launcher", "-f", "{connection_file}"]

# The client of these tests is a blocking one, with a loop of its own that it does not close.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def nothing_left_behind() -> None:
    """Leave out the check of that name: the blocking client keeps ZeroMQ's threads for the next one."""


def _printed(client: Any, code: str) -> str:
    """Runs a cell, and returns what it prints."""
    printed: list[str] = []

    def keep(message: Any) -> None:
        if message["msg_type"] == "stream":
            printed.append(message["content"]["text"])

    reply = client.execute_interactive(code, timeout=HANG_SECONDS, output_hook=keep)
    assert reply["content"]["status"] == "ok", reply["content"]
    return "".join(printed)


def test_a_cell_awaits_and_its_tasks_go_on(tmp_path: Path) -> None:
    environment = {**program_environment(), "IPYTHONDIR": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path)}
    manager = KernelManager(connection_file=str(tmp_path / "kernel.json"))
    manager._kernel_spec = KernelSpec(argv=[sys.executable, *_COMMAND], display_name="PyLoop", language="python")
    manager.start_kernel(env=environment)
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=HANG_SECONDS)
        assert (
            _printed(client, "import asyncio; print(type(asyncio.get_running_loop()).__module__)") == "pyloop._loop\n"
        )
        assert _printed(client, "task = asyncio.create_task(asyncio.sleep(0.01, 'slept'))") == ""
        assert _printed(client, "print(await task)") == "slept\n"
        program = """
            process = await asyncio.create_subprocess_exec("echo", "child", stdout=-1)
            print((await process.communicate())[0].decode(), await process.wait())
        """
        assert _printed(client, "\n".join(map(str.strip, program.splitlines()))) == "child\n 0\n"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
