"""A client of debugpy's: just enough of the Debug Adapter Protocol to stop a program and look at it."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from support.programs import HANG_SECONDS

_LENGTH: Final = re.compile(rb"Content-Length: (\d+)")


class Debugger(contextlib.ExitStack):
    """A program that waits for its debugger, and a connection to it; both end with the block."""

    def __init__(self, program: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start the program and connect to it."""
        super().__init__()
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-Xfrozen_modules=off",
                "-m",
                "debugpy",
                "--listen",
                str(port),
                "--wait-for-client",
                *program,
            ],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.enter_context(self._process)
        self.callback(self._process.kill)
        self._socket = self.enter_context(_connection(port, self._process))
        self._file = self.enter_context(self._socket.makefile("rb"))
        self._sent = 0
        self._events: list[dict[str, Any]] = []
        self._replies: dict[int, dict[str, Any]] = {}

    def send(self, command: str, **arguments: Any) -> int:
        """Send a request; return its number."""
        self._sent += 1
        message = {"seq": self._sent, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(message).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return self._sent

    def reply(self, number: int) -> dict[str, Any]:
        """Wait for the reply to a request; return what it says."""
        while number not in self._replies:
            self._read()
        reply = self._replies.pop(number)
        assert reply["success"], reply
        body: dict[str, Any] = reply.get("body") or {}
        return body

    def request(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Send a request; return what the reply says."""
        return self.reply(self.send(command, **arguments))

    def event(self, name: str) -> dict[str, Any]:
        """Wait for an event; return what it says. Earlier ones are forgotten."""
        while True:
            while self._events:
                event = self._events.pop(0)
                if event["event"] == name:
                    body: dict[str, Any] = event.get("body") or {}
                    return body
            self._read()

    def rest(self, seconds: float) -> str:
        """Let the program end; return what it has printed."""
        self.event("terminated")
        # Its adapter, which has the same output, stays for as long as somebody is connected.
        self._socket.shutdown(socket.SHUT_RDWR)
        shown, _ = self._process.communicate(timeout=seconds)
        assert self._process.returncode == 0, shown
        return shown

    def _read(self) -> None:
        length = None
        while (line := self._file.readline()) != b"\r\n":
            assert line, "the program has ended"
            if found := _LENGTH.match(line):
                length = int(found[1])
        assert length is not None
        message = json.loads(self._file.read(length))
        if message["type"] == "event":
            self._events.append(message)
        elif message["type"] == "response":
            self._replies[message["request_seq"]] = message


def _connection(port: int, process: subprocess.Popen[str]) -> socket.socket:
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=HANG_SECONDS)
        except ConnectionRefusedError:
            # It does not listen yet.
            if process.poll() is not None:
                raise
            time.sleep(0.05)
