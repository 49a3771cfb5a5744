"""Real servers for tests to talk to: processes of their own, on free ports of the loopback interface."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import pytest

HOST: Final = "127.0.0.1"

Ports: TypeAlias = tuple[int, ...]

_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 30
_ATTEMPTS: Final = 5
_FINDER: Final = Path(__file__).resolve().parents[2] / "tools" / "daemons.py"
_NOBODY: Final = "65534"


def programs(*names: str) -> list[Path]:
    """The programs of these names. A test that needs one which the machine lacks fails, and says what to install."""
    done = subprocess.run([sys.executable, _FINDER, *names], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(done.stderr, pytrace=False)
    return [Path(line) for line in done.stdout.splitlines()]


def contained(*command: str | Path, privileged: bool = True, signal_name: str = "TERM") -> list[str | Path]:
    """`command`, made to end with the process that starts it.

    Args:
        command: the program and its arguments.
        privileged: whether it may run as root, if the tests do. Some servers refuse to.
        signal_name: the signal that it is sent when the tests' process is gone.
    """
    (setpriv,) = programs("setpriv")
    demoted = [] if privileged or os.geteuid() else ["--reuid", _NOBODY, "--regid", _NOBODY, "--clear-groups"]
    return [setpriv, *demoted, "--pdeathsig", signal_name, *command]


@contextlib.contextmanager
def folder(*, privileged: bool = True) -> Iterator[Path]:
    """A temporary folder for a server, which an unprivileged one can reach and owns. Its path is short."""
    path = Path(tempfile.mkdtemp(prefix="pyloop-"))
    try:
        give(path, privileged=privileged)
        yield path
    finally:
        shutil.rmtree(path)


def give(path: Path, *, privileged: bool) -> None:
    """Make `path` belong to the user that a contained command runs as."""
    if not privileged and os.geteuid() == 0:
        os.chown(path, int(_NOBODY), int(_NOBODY))


def _free_ports(count: int) -> Ports:
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return tuple(listener.getsockname()[1] for listener in listeners)


@contextlib.contextmanager
def serving(
    command: Callable[[Ports], Sequence[str | Path]],
    *,
    home: Path,
    ready: str,
    ports: int = 1,
    stop: signal.Signals = signal.SIGTERM,
) -> Iterator[Ports]:
    """The server of `command`, given ports that were free a moment ago, from when it serves to the end of the block.

    Args:
        command: what to start, for the ports that it shall serve on.
        home: the folder that it is started in.
        ready: what it prints as soon as it serves.
        ports: how many ports it takes.
        stop: the signal that stops it.
    """
    with tempfile.TemporaryFile("w+") as log:
        for _ in range(_ATTEMPTS):
            chosen = _free_ports(ports)
            process = subprocess.Popen(
                command(chosen),
                cwd=home,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            if _served(process, log.fileno(), ready):
                break
        else:
            pytest.fail(f"the server did not start:\n{_text(log.fileno())}", pytrace=False)
        try:
            yield chosen
        finally:
            process.send_signal(stop)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _served(process: subprocess.Popen[bytes], log: int, ready: str) -> bool:
    """Whether the server came to serve: not if it ended, which it does when one of its ports has been taken."""
    deadline = time.monotonic() + _START_SECONDS
    while ready not in _text(log):
        if process.poll() is not None:
            return False
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            return False
        time.sleep(0.01)
    return True


def _text(log: int) -> str:
    return os.pread(log, 1 << 20, 0).decode(errors="replace")
