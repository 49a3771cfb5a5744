"""Operations on plain sockets that are started, cancelled and closed at random, held against a model of the sockets.

No byte, datagram or connection is lost, doubled or where it does not belong, and no watch is left, although whatever is
opened gets the number of what was closed last.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import random
import socket
import struct
import termios
from collections import Counter
from typing import Any, Final, TypeAlias

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from support.descriptors import open_descriptors
from support.loops import PYLOOP, run_idle, run_iteration
from support.streams import arrived, socket_pair

_Loop: TypeAlias = asyncio.AbstractEventLoop
_Task: TypeAlias = asyncio.Task[Any]

_MOST: Final = 3
_CONTENT: Final = random.Random(0).randbytes(1 << 22)
_SIZES: Final = (1, 100, 100_001, 600_000)
_WAITS: Final = ("receive", "send")


class _Exchange:
    """A socket that something goes into, another that it comes out of, and at most one wait for each."""

    def __init__(self, loop: _Loop, source: socket.socket, target: socket.socket) -> None:
        self.loop = loop
        self.ends = {"send": source, "receive": target}
        self.tasks: dict[str, _Task] = {}

    def start(self, wait: str, size: int) -> None:
        """Begin to send or to receive, unless that is being done already."""
        if wait not in self.tasks:
            operation = self.send(size) if wait == "send" else self.receive(size)
            self.tasks[wait] = self.loop.create_task(operation)

    def check(self) -> None:
        """Compare what has happened with the model."""
        for wait in _WAITS:
            task = self.tasks.get(wait)
            if task is not None and task.done():
                del self.tasks[wait]
                self.ended(wait, None if task.cancelled() else task)

    def close(self) -> list[_Task]:
        """Close both sockets; return the tasks that still wait for them."""
        for end in self.ends.values():
            end.close()
        waiting, self.tasks = list(self.tasks.values()), {}
        return waiting

    def idle_ends(self) -> list[socket.socket]:
        """The sockets that nobody waits for."""
        return [end for wait, end in self.ends.items() if wait not in self.tasks]

    async def send(self, size: int) -> object:
        """Send about `size` bytes."""
        raise NotImplementedError

    async def receive(self, size: int) -> object:
        """Receive up to `size` bytes."""
        raise NotImplementedError

    def ended(self, wait: str, task: _Task | None) -> None:
        """Account for a wait that is over; without a task, it was cancelled."""
        raise NotImplementedError

    def finish(self) -> None:
        """Compare what is left in the sockets with the model; nobody waits for them."""
        raise NotImplementedError


class _Stream(_Exchange):
    """One direction of a connection: a part of the content that belongs to no other."""

    def __init__(self, loop: _Loop, number: int) -> None:
        super().__init__(loop, *socket_pair())
        self._start = number * 1009 % 100_000
        self._offered = self._sent = self._received = 0

    async def send(self, size: int) -> object:
        start = self._offered
        self._offered += size
        await self.loop.sock_sendall(self.ends["send"], self._content(start, self._offered))
        return None

    async def receive(self, size: int) -> object:
        if size % 2:
            return await self.loop.sock_recv(self.ends["receive"], size)
        buffer = bytearray(size)
        count = await self.loop.sock_recv_into(self.ends["receive"], buffer)
        return bytes(buffer[:count])

    def check(self) -> None:
        super().check()
        present = self._received + self._unread()
        assert self._sent <= present <= self._offered
        assert "send" in self.tasks or present == self._sent

    def ended(self, wait: str, task: _Task | None) -> None:
        if wait == "send":
            # How much of it was sent before it was cancelled only the socket knows.
            self._sent = self._received + self._unread() if task is None else self._offered
            assert self._sent <= self._offered
            self._offered = self._sent
        elif task is not None:
            self._take(task.result())

    def finish(self) -> None:
        self._take(arrived(self.ends["receive"]))
        assert self._received == self._sent

    def _take(self, data: bytes) -> None:
        assert data == self._content(self._received, self._received + len(data))
        self._received += len(data)

    def _content(self, start: int, end: int) -> bytes:
        return _CONTENT[self._start + start : self._start + end]

    def _unread(self) -> int:
        (count,) = struct.unpack("i", fcntl.ioctl(self.ends["receive"], termios.FIONREAD, bytes(4)))
        return int(count)


class _Mailbox(_Exchange):
    """Numbered datagrams to a receiver that has room for a few."""

    def __init__(self, loop: _Loop, number: int) -> None:
        sender, receiver = (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2))
        for end in (sender, receiver):
            end.setblocking(False)
        receiver.bind("")  # a name of the system's choice
        sender.connect(receiver.getsockname())
        super().__init__(loop, sender, receiver)
        self._name = number
        self._count = 0
        self._present: list[bytes] = []

    async def send(self, size: int) -> object:
        if size > _SIZES[1]:
            self._fill()
        datagram = self._next()
        await self.loop.sock_sendto(self.ends["send"], datagram, self.ends["receive"].getsockname())
        return datagram

    async def receive(self, size: int) -> object:
        if size % 2:
            datagram, _ = await self.loop.sock_recvfrom(self.ends["receive"], 100)
            return datagram
        buffer = bytearray(100)
        count, _ = await self.loop.sock_recvfrom_into(self.ends["receive"], buffer)
        return bytes(buffer[:count])

    def check(self) -> None:
        # What was sent may have been received in the same iteration.
        task = self.tasks.get("send")
        if task is not None and task.done() and not task.cancelled():
            self._present.append(task.result())
        super().check()

    def ended(self, wait: str, task: _Task | None) -> None:
        if wait == "receive" and task is not None:
            assert task.result() == self._present.pop(0)

    def finish(self) -> None:
        left = []
        with contextlib.suppress(BlockingIOError):
            while True:
                left.append(self.ends["receive"].recv(100))
        assert left == self._present

    def _fill(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                datagram = self._next()
                self.ends["send"].send(datagram)
                self._present.append(datagram)

    def _next(self) -> bytes:
        self._count += 1
        return b"%d of %d" % (self._count, self._name)


class _Listener(_Exchange):
    """Clients that connect one after the other and say which they are; and who accepts them."""

    def __init__(self, loop: _Loop, number: int) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        # Until the first client there is a socket in its place, so that every exchange has two.
        super().__init__(loop, socket.socket(), listener)
        self._count = number * 100
        self._cancelled = 0
        self._connected: list[bytes] = []
        self._accepted: list[socket.socket] = []

    async def send(self, _size: int) -> object:
        self._count += 1
        self.ends["send"].close()
        client = self.ends["send"] = socket.socket()
        client.setblocking(False)
        name = b"%d" % self._count
        try:
            await self.loop.sock_connect(client, self.ends["receive"].getsockname())
            await self.loop.sock_sendall(client, name)
        except BaseException:
            client.close()
            raise
        return name

    async def receive(self, _size: int) -> object:
        return await self.loop.sock_accept(self.ends["receive"])

    def ended(self, wait: str, task: _Task | None) -> None:
        if wait == "receive":
            if task is not None:
                self._accepted.append(task.result()[0])
        elif task is not None:
            self._connected.append(task.result())
        else:
            self._cancelled += 1

    def finish(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                self._accepted.append(self.ends["receive"].accept()[0])
        self.ends["send"].close()
        names: Counter[bytes] = Counter()
        for connection in self._accepted:
            connection.settimeout(30)
            names[connection.recv(100)] += 1
        assert names.pop(b"", 0) <= self._cancelled
        assert all(names[name] == 1 for name in self._connected)
        assert len(names) <= len(self._connected) + self._cancelled

    def close(self) -> list[_Task]:
        for connection in self._accepted:
            connection.close()
        return super().close()


_KINDS: Final = {"stream": _Stream, "mailbox": _Mailbox, "listener": _Listener}
_KIND: Final = st.sampled_from(sorted(_KINDS))
_NUMBER: Final = st.integers(0, _MOST - 1)


class _Machine(RuleBasedStateMachine):
    """What may be done with a few sockets, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self._descriptors = open_descriptors()
        self._loop = PYLOOP()
        self._reported: list[dict[str, Any]] = []
        self._loop.set_exception_handler(lambda _, context: self._reported.append(context))
        self._exchanges: list[_Exchange] = []
        # The tasks of sockets that were closed under them.
        self._orphans: list[tuple[_Task, set[int]]] = []
        self._made = 0

    @initialize(kind=_KIND)
    def begin(self, kind: str) -> None:
        """There is something to work with."""
        self.open(kind)

    @precondition(lambda self: len(self._exchanges) < _MOST)
    @rule(kind=_KIND)
    def open(self, kind: str) -> None:
        """Open sockets, under the lowest numbers that are free."""
        self._made += 1
        self._exchanges.append(_KINDS[kind](self._loop, self._made))

    @rule(number=_NUMBER, wait=st.sampled_from(_WAITS), size=st.sampled_from(_SIZES))
    def start(self, number: int, wait: str, size: int) -> None:
        """Begin to receive, to accept, to send or to connect."""
        self._exchange(number).start(wait, size)

    @rule(count=st.sampled_from((1, 1, 1, 4)))
    def run(self, count: int) -> None:
        """Run the loop."""
        for _ in range(count):
            run_iteration(self._loop)

    @rule(number=_NUMBER, wait=st.sampled_from(_WAITS))
    def cancel(self, number: int, wait: str) -> None:
        """Cancel a wait."""
        task = self._exchange(number).tasks.get(wait)
        if task is not None:
            task.cancel()

    @rule(number=_NUMBER, wait=st.sampled_from(_WAITS), size=st.sampled_from(_SIZES), count=st.integers(0, 4))
    def race(self, number: int, wait: str, size: int, count: int) -> None:
        """Cancel one end about when the other does what it waits for."""
        exchange = self._exchange(number)
        for each in _WAITS:
            exchange.start(each, size)
        task = exchange.tasks[wait]
        for _ in range(count):
            run_iteration(self._loop)
        task.cancel()

    @rule(number=_NUMBER)
    def come_true(self, number: int) -> None:
        """Have every wait for some sockets come true."""
        self._help(self._exchange(number))

    @rule(number=_NUMBER, kind=_KIND, wait=st.sampled_from(_WAITS), count=st.integers(0, 3))
    def replace(self, number: int, kind: str, wait: str, count: int) -> None:
        """Close sockets, waited for or not, and open others under their numbers at once, to wait for them too."""
        closed = self._exchange(number)
        self._exchanges.remove(closed)
        numbers = {end.fileno() for end in closed.ends.values()}
        self._orphans += [(task, numbers) for task in closed.close()]
        self.open(kind)
        self._exchanges[-1].start(wait, 100)
        for _ in range(count):
            run_iteration(self._loop)

    @precondition(lambda self: self._orphans)
    @rule()
    def cancel_an_orphan(self) -> None:
        """Cancel what has waited for a socket that was closed since."""
        task, _ = self._orphans.pop(0)
        task.cancel()
        run_idle(self._loop, iterations=3)
        self._check_orphan(task)

    @invariant()
    def is_as_the_model(self) -> None:
        """What was sent is there or was received, and only what is waited for is watched."""
        for exchange in self._exchanges:
            exchange.check()
        taken = {number for task, numbers in self._orphans if not task.done() for number in numbers}
        for exchange in self._exchanges:
            for end in exchange.idle_ends():
                if end.fileno() != -1 and end.fileno() not in taken:
                    assert not self._loop.remove_reader(end)
                    assert not self._loop.remove_writer(end)
        assert self._reported == []

    def teardown(self) -> None:
        """End everything, and look at what is left in the sockets."""
        try:
            while self._orphans:
                self.cancel_an_orphan()
            for exchange in self._exchanges:
                self._help(exchange)
                exchange.finish()
        finally:
            for exchange in self._exchanges:
                exchange.close()
            self._loop.close()
        assert open_descriptors() == self._descriptors

    def _help(self, exchange: _Exchange) -> None:
        """Have every wait come true by doing at the other end what it waits for."""
        for _ in range(100):
            exchange.check()
            if not exchange.tasks:
                return
            for wait in _WAITS:
                if wait not in exchange.tasks:
                    exchange.start(wait, 1 if wait == "send" else 100_000)
                    break
            run_idle(self._loop, iterations=3)
        raise AssertionError("a wait has been forgotten")

    def _exchange(self, number: int) -> _Exchange:
        return self._exchanges[number % len(self._exchanges)]

    @staticmethod
    def _check_orphan(task: _Task) -> None:
        """It can neither have received nor have sent anything any more."""
        assert task.done()
        assert task.cancelled() or isinstance(task.exception(), OSError)


def test_plain_sockets_are_what_their_model_is() -> None:
    run_state_machine_as_test(
        _Machine, settings=settings(derandomize=True, deadline=None, max_examples=80, stateful_step_count=50)
    )
