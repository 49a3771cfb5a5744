"""Has every allocation that the engine makes of Python fail once: a MemoryError, or nothing that shows, and no more.

Only calls of the engine's own, for the interpreter itself does not stand it everywhere. Each is tried with the first of
its allocations failing, with the second, and so on, until it makes no more. Nothing that was made for a try stays: no
descriptor, no transport, no reference. As a program it says what went wrong.
"""

from __future__ import annotations

import _testcapi  # type: ignore[import-not-found]
import asyncio
import contextlib
import contextvars
import gc
import itertools
import logging
import socket
import sys
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

import pyloop
from support.descriptors import open_descriptors

_MOST: Final = 60
_QUIET: Final = 8
"""After so many tries without a failure there is no more to fail."""


class _Protocol(asyncio.Protocol):
    def __init__(self) -> None:
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        assert data.strip(b"x") == b""


class _Buffered(asyncio.BufferedProtocol):
    def __init__(self) -> None:
        self.transport: Any = None
        self._buffer = bytearray(100)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        assert data == b"x" * 100
        _Datagrams.sender = addr

    sender: object = None
    """The address of whoever sent last. The engine keeps it for the next datagram from there."""


@dataclass
class Call:
    """A call to try, and what gives everything back that it and its preparation have made."""

    call: Callable[[], object]
    after: Callable[[], None]


class Windows:
    """The calls, each prepared anew for every try."""

    def __init__(self) -> None:
        """Make the loop, and whoever sends datagrams."""
        self.loop: Any = pyloop.new_event_loop()
        self.sender = socket.socket(type=socket.SOCK_DGRAM)
        self.sender.bind(("127.0.0.1", 0))
        self.transports: weakref.WeakSet[Any] = weakref.WeakSet()

    def idle(self) -> None:
        """Let some iterations pass."""
        for _ in range(4):
            self.loop.stop()
            self.loop.run_forever()

    def once(self, times: int = 1) -> Callable[[], None]:
        """So many iterations, which do not wait."""

        def run() -> None:
            for _ in range(times):
                self.loop._run_once()

        self.loop._stopping = True
        return run

    def all(self) -> Iterator[tuple[str, Callable[[], Call]]]:
        """The names of what is tried, and how it is prepared."""
        for name, prepare in sorted(vars(type(self)).items()):
            if name.startswith("try_"):
                yield name.removeprefix("try_"), lambda prepare=prepare: prepare(self)  # type: ignore[misc]

    def try_call_soon(self) -> Call:
        return Call(lambda: self.loop.call_soon(max, 1, 2), self.idle)

    def try_call_soon_in_context(self) -> Call:
        context = contextvars.copy_context()
        return Call(lambda: self.loop.call_soon(max, 1, 2, context=context), self.idle)

    def try_call_soon_threadsafe(self) -> Call:
        return Call(lambda: self.loop.call_soon_threadsafe(max, 1, 2), self.idle)

    def try_call_later(self) -> Call:
        return Call(lambda: self.loop.call_later(0, max, 1, 2), self.idle)

    def try_cancel(self) -> Call:
        return Call(self.loop.call_later(1000, max, 1, 2).cancel, self.idle)

    def try_iteration(self) -> Call:
        for _ in range(5):
            self.loop.call_soon(max, 1, 2)
        self.loop.call_later(0, max, 1, 2)
        return Call(self.once(2), self.idle)

    def try_add_and_remove_reader(self) -> Call:
        ours, theirs = socket.socketpair()
        descriptor = ours.fileno()

        def call() -> None:
            self.loop._add_reader(descriptor, max, 1, 2)
            self.loop._remove_reader(descriptor)

        def after() -> None:
            self.loop.remove_reader(descriptor)
            self.idle()
            ours.close()
            theirs.close()

        return Call(call, after)

    def try_wait_for_a_socket(self) -> Call:
        ours, theirs = socket.socketpair()
        descriptor, future = ours.fileno(), self.loop.create_future()
        theirs.send(b"x")
        # Runs code of asyncio's, which is the interpreter's.
        self.loop._watch_once(descriptor, 1, future)

        def after() -> None:
            self.idle()
            self.loop._unwatch_once(descriptor, 1, future)
            ours.close()
            theirs.close()

        return Call(self.once(2), after)

    def try_write(self) -> Call:
        transport, after, _ = self._connected(_Protocol)
        return Call(lambda: transport.write(b"x" * 100), after)

    def try_write_a_bytearray(self) -> Call:
        transport, after, _ = self._connected(_Protocol)
        data = bytearray(100)
        return Call(lambda: transport.write(data), after)

    def try_write_much(self) -> Call:
        transport, after, _ = self._connected(_Protocol)
        data = bytes(3_000_000)
        return Call(lambda: transport.write(data), after)

    def try_write_lines(self) -> Call:
        transport, after, _ = self._connected(_Protocol)
        lines = [b"x", bytearray(b"xx"), memoryview(b"xxx")]
        return Call(lambda: transport.writelines(lines), after)

    def try_read(self) -> Call:
        _, after, peer = self._connected(_Protocol)
        peer.send(b"x" * 100)
        return Call(self.once(2), after)

    def try_read_into_a_buffer(self) -> Call:
        _, after, peer = self._connected(_Buffered)
        peer.send(b"x" * 100)
        return Call(self.once(2), after)

    def try_read_the_end(self) -> Call:
        _, after, peer = self._connected(_Protocol)
        peer.shutdown(socket.SHUT_WR)
        return Call(self.once(3), after)

    def try_abort(self) -> Call:
        transport, after, _ = self._connected(_Protocol)
        iterations = self.once(2)

        def call() -> None:
            transport.abort()
            iterations()

        return Call(call, after)

    def try_pause_and_resume(self) -> Call:
        transport, after, _ = self._connected(_Protocol)

        def call() -> None:
            transport.pause_reading()
            transport.resume_reading()

        return Call(call, after)

    def try_accept(self) -> Call:
        made: list[_Protocol] = []

        def make() -> _Protocol:
            made.append(_Protocol())
            return made[-1]

        # The first table of descriptors has room up to here.
        ballast = [socket.socket() for _ in range(64)]
        server = self.loop.run_until_complete(self.loop.create_server(make, "127.0.0.1", 0))
        client = socket.create_connection(server.sockets[0].getsockname())
        self._use_contexts_up()

        def after() -> None:
            self.idle()
            for protocol in made:
                if protocol.transport is not None:
                    self.transports.add(protocol.transport)
                    protocol.transport.abort()
            server.close()
            self.idle()
            client.close()
            for each in ballast:
                each.close()

        return Call(self.once(3), after)

    def try_send_a_datagram(self) -> Call:
        transport, after, peer = self._datagrams()
        address = peer.getsockname()
        return Call(lambda: transport.sendto(b"x", address), after)

    def try_receive_datagrams(self) -> Call:
        transport, after, peer = self._datagrams()
        for _ in range(5):
            # Of one byte there is only one bytes.
            peer.sendto(b"x" * 100, transport.get_extra_info("sockname"))
        return Call(self.once(6), after)

    def try_hand_over(self) -> Call:
        """All that is queued is Python's in the end or the engine's, and runs in its order."""
        ran: list[int] = []
        ready: deque[Any] = deque()
        scheduled: list[Any] = []
        for number in range(200):
            self.loop.call_soon(ran.append, number)
        for number in range(200, 400):
            self.loop.call_later(0, ran.append, number)

        def after() -> None:
            self.loop._take_back(list(ready), scheduled)
            ready.clear()
            scheduled.clear()
            self.idle()
            assert ran == [*range(400)], ran

        return Call(lambda: self.loop._hand_over(ready.append, scheduled.append), after)

    def try_select(self) -> Call:
        ours, theirs = socket.socketpair()
        self.loop._add_reader(ours.fileno(), max, 1, 2)
        theirs.send(b"x")
        found: list[Any] = []
        self.loop._hand_over(found.append, found.append)

        def after() -> None:
            self.loop._take_back([], [])
            self.loop.remove_reader(ours.fileno())
            self.idle()
            ours.close()
            theirs.close()

        return Call(lambda: self.loop._select(0, found.append), after)

    def _connected(self, kind: Callable[[], Any]) -> tuple[Any, Callable[[], None], socket.socket]:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        transport, _ = self.loop.run_until_complete(self.loop.connect_accepted_socket(kind, ours))
        self.transports.add(transport)
        self.idle()

        def after() -> None:
            transport.abort()
            self.idle()
            theirs.close()
            # A failure may have kept connection_lost from being called, as it may on asyncio.
            ours.close()

        return transport, after, theirs

    def _datagrams(self) -> tuple[Any, Callable[[], None], socket.socket]:
        transport, _ = self.loop.run_until_complete(
            self.loop.create_datagram_endpoint(_Datagrams, local_addr=("127.0.0.1", 0))
        )
        self.transports.add(transport)

        def after() -> None:
            transport.abort()
            self.idle()

        return transport, after, self.sender

    def _use_contexts_up(self) -> None:
        """Have the next context allocated: the loop and the interpreter keep some hundreds for that."""
        for _ in range(500):
            self.loop.call_later(1000, max)

    def leftovers(self) -> Iterator[str]:
        """What is left of the tries, in words."""
        gc.collect()
        if self.transports:
            yield f"{len(self.transports)} transports"
        # One is the attribute's, one the engine's, and one this call's.
        if _Datagrams.sender is not None and (count := sys.getrefcount(_Datagrams.sender)) != 3:
            yield f"{count} references to an address"


def attempt(call: Call, number: int) -> BaseException | None:
    """Make a call whose allocation `number` fails; return what it raised."""
    raised: BaseException | None = None
    _testcapi.set_nomemory(number, number + 1)
    try:
        call.call()
    except BaseException as error:
        raised = error
    finally:
        _testcapi.remove_mem_hooks()
    return raised


def main() -> int:
    """Try everything, and return the exit status."""
    logging.disable(logging.CRITICAL)
    windows = Windows()
    windows.idle()
    reports: list[Any] = []
    windows.loop.set_exception_handler(lambda _loop, context: reports.append(context.get("exception")))
    wrong = 0
    for name, prepare in windows.all():
        quiet = 0
        before = open_descriptors()
        for number in range(_MOST):
            sys.stdout.write(f"{name} {number}\n")
            sys.stdout.flush()
            reports.clear()
            call = prepare()
            raised = attempt(call, number)
            call.after()
            for error in (raised, *cast("list[BaseException | None]", reports)):
                if error is not None and not isinstance(error, MemoryError):
                    sys.stdout.write(f"WRONG: {name} {number}: {error!r}\n")
                    wrong += 1
            quiet = 0 if raised or reports else quiet + 1
            if quiet == _QUIET:
                break
        del call, raised
        reports.clear()
        for left in itertools.chain(windows.leftovers(), map(str, open_descriptors() - before)):
            sys.stdout.write(f"WRONG: {name} leaves {left}\n")
            wrong += 1
    with contextlib.closing(windows.sender), contextlib.closing(windows.loop):
        windows.loop.run_until_complete(asyncio.sleep(0))
    sys.stdout.write(f"{wrong} wrong\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
