"""Sockets that take every descriptor number the moment it is free, to catch whoever still uses it for what it was."""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from support.loops import run_iteration

_FAR: Final = 700
"""The other ends of the squatters lie above all numbers that tests see."""

_MARK: Final = b"left for the squatter alone"
_SIGNAL: Final = b"!"


class _Squatter:
    """A socket under a number that was somebody else's, watched by the loop like any other."""

    def __init__(self, loop: asyncio.AbstractEventLoop, number: int) -> None:
        # The number may be the lowest that is free, so that opening anything takes it.
        low = socket.socketpair()
        with low[0], low[1]:
            near, far = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _FAR) for end in low)
        os.dup2(near, number, inheritable=False)
        os.close(near)
        self._far = socket.socket(fileno=far)
        self._near = socket.socket(fileno=number)
        self._identity = os.fstat(number)
        self._loop = loop
        self._calls: list[str] = []
        for end in (self._near, self._far):
            end.setblocking(False)
        self._content = _MARK
        self._far.send(_MARK)

    def check(self) -> None:
        """Fail if anybody has read from it, written to it or closed it."""
        number = self._near.fileno()
        assert os.path.samestat(os.fstat(number), self._identity), f"descriptor {number} is another one now"
        try:
            assert self._near.recv(1000, socket.MSG_PEEK) == self._content, (
                f"somebody has read from descriptor {number}"
            )
        except BlockingIOError:
            assert self._content == b"", f"somebody has read from descriptor {number}"
        try:
            found = self._far.recv(1000)
        except BlockingIOError:
            return
        raise AssertionError(f"somebody has written to descriptor {number} or shut it down: {found!r}")

    def watch(self) -> None:
        """Have the loop watch it, from now on without content."""
        assert self._near.recv(1000) == _MARK
        self._content = b""
        self._loop.add_reader(self._near, self._called)

    def check_watched(self) -> None:
        """Fail if the loop does not report it ready, or does so when it is not; it must have been emptied before."""
        self._calls.clear()
        run_iteration(self._loop)
        assert self._calls == [], "called for something that is not there"
        self._far.send(_SIGNAL)
        run_iteration(self._loop)
        assert self._calls == ["called"], "somebody has taken it out of the loop"
        assert self._near.recv(1000) == _SIGNAL

    def close(self) -> None:
        """Close both ends."""
        self._loop.remove_reader(self._near)
        self._near.close()
        self._far.close()

    def _called(self) -> None:
        self._calls.append("called")


class Squatters:
    """All squatters of one scenario, which runs one iteration of its loop at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._squatters: list[_Squatter] = []
        self._seen = open_numbers()

    def step(self, count: int = 1) -> None:
        """Run some iterations, taking what is free both during each of them and after it."""
        for _ in range(count):
            self.take()
            self._loop.call_soon(self.take)
            run_iteration(self._loop)
            self.take()

    def step_until(self, condition: Callable[[], object], *, limit: int = 3000) -> None:
        """Run iterations until `condition` is true."""
        for _ in range(limit):
            if condition():
                return
            self.step()
        raise AssertionError("it has not come true")

    def take(self) -> None:
        """Take every number that was open at the last look and is not now."""
        current = open_numbers()
        freed = self._seen - current
        self._squatters += [_Squatter(self._loop, number) for number in sorted(freed)]
        self._seen = current | freed

    def watch(self) -> None:
        """Have the loop watch every squatter there is by now."""
        for squatter in self._squatters:
            squatter.check()
            squatter.watch()

    def check(self) -> int:
        """Fail if any squatter was disturbed; return how many there are."""
        for squatter in self._squatters:
            squatter.check()
        return len(self._squatters)

    def check_watched(self) -> None:
        """Fail if the loop has lost sight of a squatter."""
        for squatter in self._squatters:
            squatter.check_watched()

    def close(self) -> None:
        """Close all squatters."""
        for squatter in self._squatters:
            squatter.close()


def open_numbers() -> set[int]:
    """The numbers of the open descriptors, the far ends of squatters left out."""
    with os.scandir("/proc/self/fd") as entries:
        numbers = [int(entry.name) for entry in entries]
    # The directory's own descriptor is listed among them, and is gone by now.
    return {number for number in numbers if number < _FAR and _is_open(number)}


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


@contextmanager
def squatters(loop: asyncio.AbstractEventLoop) -> Iterator[Squatters]:
    """Squatters on what `loop` frees in the block. They are checked at its end."""
    made = Squatters(loop)
    try:
        yield made
        made.take()
        made.check()
    finally:
        made.close()
