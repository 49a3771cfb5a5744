"""Random use of a stream held against a model of it: what has been written, what has arrived, and who is paused."""

from __future__ import annotations

import asyncio
import random
import socket
import sys
from collections.abc import Callable
from typing import Final

import pytest

from support.loops import run_idle, run_iteration
from support.protocols import AnyRecorder, BufferedRecorder, Recorder
from support.streams import FAMILIES, is_closed, socket_pair

_PATTERN: Final = random.Random(0).randbytes(1 << 20)
_ACTIONS: Final = 150
_LAST_ITERATIONS: Final = 100_000

# In 3.12 and 3.13 asyncio's own transports do not pause for lines.
_LINES_PAUSE: Final = not (3, 12) <= sys.version_info < (3, 14)


class _Stream:
    """A connection of a loop, its plain peer, and what both must have seen so far."""

    def __init__(self, loop: asyncio.AbstractEventLoop, family: str, seed: int) -> None:
        self._loop = loop
        self._choices = random.Random(seed)
        self._written = bytearray()
        self._arrived = bytearray()
        self._sent = bytearray()
        self._paused = False
        kind = self._choices.choice((Recorder, BufferedRecorder))
        self._protocol: AnyRecorder = kind(pause_writing=self._pause, resume_writing=self._resume)
        ours, self._peer = socket_pair(family)
        self._transport, _ = loop.run_until_complete(loop.connect_accepted_socket(lambda: self._protocol, ours))

    def run(self) -> None:
        """Use it at random, looking at the model after each action, and end it in order."""
        for _ in range(_ACTIONS):
            # Some happen while the loop does not run, the others in a callback.
            if self._choices.random() < 0.3:
                self._act()
            else:
                self._loop.call_soon(self._act)
                run_iteration(self._loop)
            self._check()
        self._transport.resume_reading()
        # Closing with something unread resets the connection, which may lose what is on its way to the peer.
        self._run_until(lambda: len(self._protocol.data) == len(self._sent))
        self._choices.choice((self._transport.close, self._transport.write_eof))()
        self._peer.shutdown(socket.SHUT_WR)
        self._run_until(lambda: is_closed(self._transport))
        self._peer.setblocking(True)
        while chunk := self._peer.recv(1 << 20):
            self._arrived += chunk
        assert self._arrived == self._written
        assert self._protocol.data == self._sent
        assert self._protocol.losses == [None]

    def close(self) -> None:
        """Close what a failure has left open."""
        self._peer.close()
        if not is_closed(self._transport):
            self._transport.abort()
            run_idle(self._loop)

    def _run_until(self, condition: Callable[[], bool]) -> None:
        for _ in range(_LAST_ITERATIONS):
            if condition():
                return
            self._receive(1 << 20)
            run_iteration(self._loop)
        raise AssertionError("the stream has come to a standstill")

    def _pause(self, recorder: AnyRecorder) -> None:
        assert not self._paused
        self._paused = True
        _, high = recorder.transport.get_write_buffer_limits()
        assert recorder.transport.get_write_buffer_size() > high
        if self._choices.random() < 0.2:
            self._write()

    def _resume(self, recorder: AnyRecorder) -> None:
        assert self._paused
        self._paused = False
        low, _ = recorder.transport.get_write_buffer_limits()
        assert recorder.transport.get_write_buffer_size() <= low
        if self._choices.random() < 0.3 and not recorder.transport.is_closing():
            self._write()

    def _act(self) -> None:
        action = self._choices.choice(
            ("write", "write", "lines", "receive", "receive", "send", "reading", "limits", "size")
        )
        if action == "write":
            self._write()
        elif action == "lines":
            lines = [self._piece(40_000) for _ in range(self._choices.randrange(1, 30))]
            self._written += b"".join(lines)
            self._transport.writelines(lines)
        elif action == "receive":
            self._receive(self._choices.choice((1, 5_000, 200_000)))
        elif action == "send":
            self._send(self._piece(20_000))
        elif action == "reading":
            self._choices.choice((self._transport.pause_reading, self._transport.resume_reading))()
        elif action == "limits":
            self._transport.set_write_buffer_limits(high=self._choices.choice((0, 10_000, 65_536, 1_000_000)))
        if action in {"write", "limits", "size"} and _LINES_PAUSE:
            _, high = self._transport.get_write_buffer_limits()
            assert self._paused or self._transport.get_write_buffer_size() <= high

    def _write(self) -> None:
        piece = self._piece(self._choices.choice((20, 2_000, 300_000)))
        self._written += piece
        self._transport.write(self._choices.choice((bytes, bytearray, memoryview))(piece))

    def _receive(self, count: int) -> None:
        try:
            self._arrived += self._peer.recv(count)
        except BlockingIOError:
            return

    def _send(self, piece: bytes) -> None:
        try:
            count = self._peer.send(piece)
        except BlockingIOError:
            return
        self._sent += piece[:count]

    def _piece(self, most: int) -> bytes:
        size = self._choices.randrange(1, most)
        start = self._choices.randrange(len(_PATTERN) - size)
        return _PATTERN[start : start + size]

    def _check(self) -> None:
        assert self._written.startswith(self._arrived)
        assert self._transport.get_write_buffer_size() <= len(self._written) - len(self._arrived)
        assert self._sent.startswith(self._protocol.data)
        assert not self._protocol.losses


@pytest.mark.parametrize("family", FAMILIES)
def test_a_stream_is_what_its_model_is(each_loop: asyncio.AbstractEventLoop, family: str) -> None:
    failures: list[dict[str, object]] = []
    each_loop.set_exception_handler(lambda _loop, context: failures.append(context))
    for seed in range(15):
        stream = _Stream(each_loop, family, seed)
        try:
            stream.run()
            assert failures == []
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error
        finally:
            stream.close()
