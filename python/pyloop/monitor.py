"""Lets ``python -m pyloop top`` look into the event loops of this process.

``serve()``, or ``PYLOOP_MONITOR=1`` in the environment, makes a Unix socket in a folder of the user's own. A thread
waits there for somebody to look, which costs nothing meanwhile, and answers by itself: so it answers for all loops at
once, for one that is stalled too, and no loop is stopped. Only processes of the same user, or root's, get an answer.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import threading

from ._observe import addresses, answers

__all__ = ["close", "serve"]

_BACKLOG = 4
_PATIENCE = 2.0  # seconds to wait for a request, and for an answer to be taken
_lock = threading.Lock()


class _Server:
    """The socket and its thread. ``closed`` is set before the socket is."""

    def __init__(self, seconds: float | None) -> None:
        self.path = addresses.own()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()  # of a process that had this number and was killed
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.socket.bind(str(self.path))
            self.socket.listen(_BACKLOG)
        except BaseException:
            self.socket.close()
            raise
        self.owner = os.getpid()
        self.closed = threading.Event()
        self._seconds = seconds
        self.thread = threading.Thread(target=self._serve, name="pyloop-monitor", daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.closed.set()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(_PATIENCE)
        self.forget()

    def forget(self) -> None:
        self.socket.close()
        if self.owner == os.getpid():
            with contextlib.suppress(OSError):
                self.path.unlink()

    def _serve(self) -> None:
        while not self.closed.is_set():
            self.socket.settimeout(answers.PATIENCE if answers.is_watched() else self._seconds)
            try:
                connection, _ = self.socket.accept()
            except TimeoutError:
                if not answers.is_watched():
                    _end(self)
                    return
                answers.end_watch()
                continue
            except OSError:
                if self.closed.is_set():
                    return
                continue
            with connection, contextlib.suppress(OSError):
                connection.settimeout(_PATIENCE)
                if addresses.is_trusted(connection):
                    answers.answer(connection)


_server: _Server | None = None


def serve(*, _seconds: float | None = None) -> str:
    """Let others look into the loops of this process from now on, and return the path of the socket.

    Called again it changes nothing. In the child of a fork it goes on with a socket of its own.

    Raises:
        OSError: there can be no such socket; its folder belongs to somebody else, for example.
    """
    global _server  # noqa: PLW0603 - one for the process
    with _lock:
        if _server is None:
            _server = _Server(_seconds)
        return str(_server.path)


def close() -> None:
    """End what ``serve`` began."""
    global _server
    with _lock:
        server, _server = _server, None
    if server is not None:
        server.close()


def _end(server: _Server) -> None:
    """Nobody has looked for as long as the server was to wait."""
    global _server  # noqa: PLW0603 - as above
    with _lock:
        if _server is server:
            _server = None
    server.forget()


def _after_fork() -> None:
    """Leave the parent's socket to the parent, and make another."""
    global _lock, _server  # noqa: PLW0603 - as above
    _lock = threading.Lock()
    server, _server = _server, None
    if server is not None:
        server.closed.set()
        server.socket.close()
        with contextlib.suppress(OSError):
            serve()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(close)
