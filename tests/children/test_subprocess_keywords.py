"""Keywords of subprocess_exec and subprocess_shell, and the methods of the transport that they return."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any, Final

import pytest

from support.outcomes import assert_same_outcome
from support.streams import assert_same_course

_REFUSED: Final[list[dict[str, Any]]] = [
    {"universal_newlines": True},
    {"bufsize": 1},
    {"text": True},
    {"encoding": "utf-8"},
    {"errors": "strict"},
]


@pytest.mark.parametrize("options", [*_REFUSED, {"shell": "the other"}, {"unknown": 1}], ids=str)
@pytest.mark.parametrize("method", ["subprocess_exec", "subprocess_shell"])
def test_options_that_children_cannot_have(method: str, options: dict[str, Any]) -> None:
    def scenario(loop: Any) -> object:
        given = {"shell": method == "subprocess_exec"} if "shell" in options else options
        return loop.run_until_complete(getattr(loop, method)(asyncio.SubprocessProtocol, "true", **given))

    assert assert_same_outcome(scenario).raised is not None


class _Child(asyncio.SubprocessProtocol):
    """Keeps what a child writes."""

    def __init__(self) -> None:
        self.data: dict[int, bytes] = {}
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.data[fd] = self.data.get(fd, b"") + data

    def connection_lost(self, _exc: BaseException | None) -> None:
        self.ended.set_result(None)


@pytest.mark.parametrize("method", ["subprocess_exec", "subprocess_shell"])
def test_what_children_are_given(method: str, tmp_path: Path) -> None:
    """Streams of all kinds, and whatever else Popen takes."""
    program = "cat; echo $VARIABLE; pwd >&2"
    command = (program,) if method == "subprocess_shell" else ("sh", "-c", program)

    async def scenario() -> object:
        loop: Any = asyncio.get_running_loop()
        seen: list[object] = []
        for stderr in (asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT, asyncio.subprocess.DEVNULL):
            transport, child = await getattr(loop, method)(
                _Child,
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
                cwd=tmp_path,
                env={"VARIABLE": "value"},
            )
            writer = transport.get_pipe_transport(0)
            writer.write(b"input ")
            writer.write_eof()
            await child.ended
            transport.close()
            seen += [child.data, transport.get_returncode(), transport.get_pipe_transport(2) is None]
        return seen

    assert_same_course(scenario)


def test_a_child_by_its_transport() -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        seen: list[object] = []
        for end in ("terminate", "kill", "send_signal", "close"):
            transport, child = await loop.subprocess_exec(_Child, "sleep", "60", stdin=None, stdout=None, stderr=None)
            seen += [transport.get_pid() > 0, transport.get_returncode(), transport.is_closing()]
            transport.set_protocol(child)
            seen.append(transport.get_protocol() is child)
            # A shell that runs the tests in the background has its children ignore SIGINT.
            getattr(transport, end)(*([signal.SIGUSR1] if end == "send_signal" else []))
            await child.ended
            transport.close()
            seen += [transport.get_returncode(), transport.is_closing()]
        return seen

    assert_same_course(scenario)
