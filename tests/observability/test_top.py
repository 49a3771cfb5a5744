"""`python -m pyloop top`: a look into the loops of another process."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyloop._observe import addresses
from support.programs import run_command, started_loop_program

_SERVED = """
from pyloop import monitor
say(monitor.serve())
"""
_BUSY = """
async def main():
    async def echo(reader, writer):
        while line := await reader.readline():
            writer.write(line)
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    say("ready")
    while True:
        writer.write(b"x" * 99 + b"\\n")
        await reader.readline()
        time.sleep(0.002)
        await asyncio.sleep(0.001)
pyloop.run(main())
"""


@contextlib.contextmanager
def _program(source: str) -> Iterator[subprocess.Popen[str]]:
    """A program that runs, once it has said that it is ready."""
    with started_loop_program(source) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "ready\n":
                break
        else:
            assert process.stderr is not None
            raise AssertionError(process.stderr.read())
        yield process


@pytest.fixture(scope="module")
def observed() -> Iterator[subprocess.Popen[str]]:
    """A program with a busy loop that can be looked into."""
    with _program(_SERVED + _BUSY) as process:
        yield process


def _top(process: int, *options: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pyloop", "top", str(process), *options]
    return run_command(command, env={"COLUMNS": "100", "PYTHONIOENCODING": "utf-8"} | (env or {}))


def _json(process: int) -> dict[str, Any]:
    done = _top(process, "--once", "--json")
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_json_tells_all_there_is(observed: subprocess.Popen[str]) -> None:
    first = _json(observed.pid)
    second = _json(observed.pid)
    assert first["format"] == 1
    assert first["pid"] == observed.pid
    (loop,) = second["loops"]
    assert loop["callbacks"] > first["loops"][0]["callbacks"]
    assert (loop["running"], loop["connections"], loop["name"]) == (True, 2, "MainThread")
    assert loop["iteration"]["p99"] >= 0.001
    assert sum(loop["delay"]["counts"]) == loop["delay"]["count"]


def test_once_shows_rates_histograms_and_the_longest_callbacks(observed: subprocess.Popen[str]) -> None:
    done = _top(observed.pid, "--once", "--interval", "0.5")
    assert done.returncode == 0, done.stderr
    assert f"process {observed.pid}" in done.stdout
    assert re.search(r"busy .*%", done.stdout)
    assert re.search(r"callbacks +[\d.]+ ?k?/s", done.stdout)
    assert re.search(r"received, calls +[\d.]+ k?B/s", done.stdout)
    assert re.search(r"iteration +\S.* (ms|µs)", done.stdout)
    assert re.search(r"main +[\d.]+ ms", done.stdout)


def test_callbacks_are_measured_only_while_somebody_looks() -> None:
    source = """
        from pyloop import monitor
        from pyloop._observe import answers
        answers.PATIENCE = 0.5
        monitor.serve()
        async def main():
            loop = asyncio.get_running_loop()
            seen = []
            async def note():
                while seen != [False, True, False]:
                    watched = bool(loop._observed.watched_until)
                    if not seen or seen[-1] != watched:
                        seen.append(watched)
                    if len(seen) == 1:
                        say("ready")
                    await asyncio.sleep(0.01)
            await note()
            say("over", loop.slow_callback_threshold)
        pyloop.run(main())
    """
    with _program(source) as process:
        assert _top(process.pid, "--once", "--interval", "0.1").returncode == 0
        assert process.stdout is not None
        assert [line for line in process.stdout if line != "ready\n"] == ["over None\n"]


def test_a_stalled_loop_can_be_looked_into() -> None:
    with _program(
        _SERVED + "def hold_up():\n    say('ready')\n    time.sleep(60)\nloop = new_event_loop()\n"
        "loop.call_soon(hold_up)\nloop.run_forever()\n"
    ) as process:
        first, second = _json(process.pid)["loops"][0], _json(process.pid)["loops"][0]
        assert (first["asleep"], first["callbacks"]) == (False, 1)
        assert second["busy_seconds"] > first["busy_seconds"]
        process.kill()


def test_the_environment_asks_for_a_monitor(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    done = run_command(
        _python(
            "import pyloop, os; loop = pyloop.new_event_loop();"
            "from pyloop._observe import addresses; print(addresses.of(os.getpid()))"
        ),
        env={"PYLOOP_MONITOR": "1", "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    assert re.fullmatch(rf"{tmp_path}/pyloop/\d+\.sock\n", done.stdout), done.stderr
    assert list((tmp_path / "pyloop").iterdir()) == []
    assert (tmp_path / "pyloop").stat().st_mode & 0o777 == 0o700


def test_without_the_environment_there_is_neither_socket_nor_thread() -> None:
    done = run_command(
        _python(
            "import pyloop, sys, threading; loop = pyloop.new_event_loop(); loop.close();"
            "print('pyloop.monitor' in sys.modules, threading.active_count())"
        ),
        env={"PYLOOP_MONITOR": "0"},
    )
    assert done.stdout == "False 1\n"


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyloop").mkdir()
    (tmp_path / "pyloop").chmod(0o755)
    done = run_command(
        [sys.executable, "-c", "from pyloop import monitor; monitor.serve()"], env={"XDG_RUNTIME_DIR": str(tmp_path)}
    )
    assert "must be a folder of this user's that nobody else may enter" in done.stderr


def test_only_the_same_user_and_root_are_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        assert addresses.is_trusted(ours)
        monkeypatch.setattr(addresses, "_CREDENTIALS", _Credentials())
        assert not addresses.is_trusted(ours)


class _Credentials:
    """Those of a peer that is another user's."""

    size = 12

    def unpack(self, _: bytes) -> tuple[int, int, int]:
        return 1, os.geteuid() + 1, 1


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_serving_ends_and_begins_again() -> None:
    done = run_command(
        _python(
            "from pyloop import monitor; import os, threading\n"
            "path = monitor.serve(); print(monitor.serve() == path, os.path.exists(path))\n"
            "monitor.close(); monitor.close(); print(os.path.exists(path), threading.active_count())\n"
            "print(monitor.serve() == path, os.path.exists(path))\n"
        )
    )
    assert done.stdout == "True True\nFalse 1\nTrue True\n", done.stderr


def test_a_fork_has_a_socket_of_its_own() -> None:
    done = run_command(
        _python(
            "from pyloop import monitor; import os, sys\n"
            "path = monitor.serve()\n"
            "child = os.fork()\n"
            "if not child:\n"
            "    print(str(os.getpid()) in monitor.serve(), os.path.exists(path), flush=True)\n"
            "    monitor.close()\n"
            "    os._exit(0)\n"
            "os.waitpid(child, 0)\n"
            "print(monitor.serve() == path, os.path.exists(path))\n"
        )
    )
    assert done.stdout == "True True\nTrue True\n", done.stderr


def test_there_is_no_such_process() -> None:
    done = _top(2**22 + 1, "--once", "--json")
    assert (done.returncode, done.stderr) == (1, "there is no process 4194305\n")


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="there Python lets others in")
def test_a_process_without_monitor_says_what_to_do() -> None:
    with _program("say('ready'); time.sleep(60)") as process:
        done = _top(process.pid, "--once", "--json")
        assert done.returncode == 1
        assert "PYLOOP_MONITOR=1" in done.stderr
        process.kill()


@pytest.mark.skipif(sys.version_info < (3, 14), reason="Python attaches to others from 3.14 on")
def test_a_process_without_monitor_is_let_into_by_python_itself() -> None:
    with _program(_BUSY) as process:
        done = _top(process.pid, "--once", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["loops"][0]["connections"] == 2
        process.kill()


@pytest.mark.skipif(sys.version_info < (3, 14), reason="asyncio has these tools from 3.14 on")
@pytest.mark.parametrize("command", ["ps", "pstree"])
def test_asyncios_own_tools_see_the_tasks(command: str) -> None:
    source = """
        async def inner():
            say("ready")
            await asyncio.sleep(60)
        async def main():
            await asyncio.create_task(inner(), name="the inner task")
        pyloop.run(main())
    """
    with _program(source) as process:
        done = run_command([sys.executable, "-m", "asyncio", command, str(process.pid)])
        assert done.returncode == 0, done.stderr
        assert "the inner task" in done.stdout
        assert "inner" in done.stdout
        process.kill()
