"""Asks another process for the metrics of its loops, by its monitor's socket."""

from __future__ import annotations

import json
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pyloop._observe import addresses

_PATIENCE = 5.0
_SECONDS_BETWEEN_LOOKS = 0.05
_WATCH, _SNAPSHOT = b"watch\n", b"snapshot\n"

# Run by the other interpreter, in its main thread: a monitor there, for as long as somebody looks.
_OPEN_DOOR = """\
import sys
if "pyloop._loop" in sys.modules:
    from pyloop import monitor
    monitor.serve(_seconds=60)
"""


class NoAnswerError(Exception):
    """The process cannot be looked into; the message says why, and what to do."""


def ask(pid: int, *, watch: bool = False) -> dict[str, Any]:
    """Return what a process says of its loops.

    Args:
        pid: its number.
        watch: whether it is to measure callbacks too, as long as it is asked.

    Raises:
        NoAnswerError: it says nothing.
    """
    path = addresses.of(pid) or _let_in(pid)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_PATIENCE)
            connection.connect(str(path))
            connection.sendall(_WATCH if watch else _SNAPSHOT)
            chunks = iter(lambda: connection.recv(1 << 16), b"")
            document: dict[str, Any] = json.loads(b"".join(chunks))
    except TimeoutError as error:
        raise NoAnswerError(f"process {pid} does not answer: does it hold the GIL, or is it stopped?") from error
    except (OSError, ValueError) as error:
        raise NoAnswerError(f"process {pid} cannot be looked into, or not by this user: {error}") from error
    return document


def _let_in(pid: int) -> Path:
    """Have a process open a socket that has none, and return its path."""
    if not Path(f"/proc/{pid}").exists():
        raise NoAnswerError(f"there is no process {pid}")
    attach = getattr(sys, "remote_exec", None)
    hint = "set PYLOOP_MONITOR=1 in its environment, or call pyloop.monitor.serve() in it"
    if attach is None:
        raise NoAnswerError(f"process {pid} has no monitor: {hint} (from Python 3.14 on it can be let in without)")
    with tempfile.TemporaryDirectory(prefix="pyloop-top-") as folder:
        script = Path(folder) / "open_door.py"
        script.write_text(_OPEN_DOOR, encoding="utf-8")
        try:
            attach(pid, str(script))
        except (OSError, RuntimeError, ValueError) as error:
            raise NoAnswerError(
                f"process {pid} has no monitor, and Python cannot attach to it ({error}): {hint}"
            ) from error
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            path = addresses.of(pid)
            if path is not None:
                return path
            time.sleep(_SECONDS_BETWEEN_LOOKS)
    raise NoAnswerError(
        f"process {pid} has no monitor, and has let none in for {_PATIENCE:.0f} seconds: it runs no loop of PyLoop's, "
        f"or its main thread runs no Python code, as of a loop that has nothing to do. Else {hint}"
    )
