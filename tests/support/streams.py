"""Streams to test: a transport of the loop at one end, a plain socket that the test reads and writes at the other.

Nothing here knows which class a loop's transports are of. The plain ends go through the loop's ``sock_*`` methods, so
that a fault of the transports cannot hide in both ends at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import socket
import sys
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

import pytest

from support.loops import FACTORIES, fresh_loop, run_idle
from support.outcomes import outcome_on
from support.protocols import AnyRecorder, Recorder

Result = TypeVar("Result")
Pair: TypeAlias = tuple[socket.socket, socket.socket]

FAMILIES: Final = ("unix", "tcp")

HANG_SECONDS: Final = 30
"""After this time a scenario is taken to hang. None is expected to take anything like it."""

LARGE: Final = 2 << 20
"""More than the socket buffers of a test hold, so that part of it stays with the transport."""

# Linux would let the buffers of a TCP connection grow to many times that.
_TCP_BUFFER: Final = 128 << 10
_SMALL_SEGMENT: Final = 1024


def socket_pair(family: str = "unix", *, receive_buffer: int | None = None, send_buffer: int | None = None) -> Pair:
    """Two connected sockets that do not block.

    Args:
        family: "unix", where whatever is sent has arrived when the call returns, or "tcp".
        receive_buffer: the size of the second socket's buffer, for a peer that cannot take much; only TCP has one.
        send_buffer: the size of the first socket's buffer.
    """
    if family == "tcp":
        ours, theirs = _tcp_pair(receive_buffer)
    else:
        ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    if send_buffer is not None:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    return ours, theirs


def _tcp_pair(receive_buffer: int | None) -> Pair:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer or _TCP_BUFFER)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        ours = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _TCP_BUFFER)
        if receive_buffer is not None:
            # A window smaller than a segment (64 KiB on loopback) would leave all progress to the kernel's timers.
            ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SMALL_SEGMENT)
        ours.connect(listener.getsockname())
        theirs, _ = listener.accept()
    return ours, theirs


def reset_on_close(end: socket.socket) -> None:
    """Make closing `end` reset its connection instead of ending it in order. Only TCP knows resets."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


@dataclass(frozen=True)
class Report:
    """What was given to the loop's exception handler, without the objects, which would be kept alive."""

    message: str
    exception: str | None
    keys: tuple[str, ...]


def _report(context: dict[str, Any]) -> Report:
    # The rest of such a message is the text of a handle, which names classes and lines of the loop's own.
    message = "Exception in callback" if context["message"].startswith("Exception in callback") else context["message"]
    error = context.get("exception")
    described = None if error is None else f"{type(error).__name__}: {error}"
    return Report(message, described, tuple(sorted(context)))


@contextlib.contextmanager
def reports(loop: asyncio.AbstractEventLoop) -> Iterator[list[Report]]:
    """What `loop` reports to its exception handler while the block runs."""
    reported: list[Report] = []
    previous = loop.get_exception_handler()
    loop.set_exception_handler(lambda _loop, context: reported.append(_report(context)))
    try:
        yield reported
    finally:
        loop.set_exception_handler(previous)


@contextlib.contextmanager
def unclosed_transports() -> Iterator[list[str]]:
    """The warnings of transports that are dropped open in the block. Those of other objects are not asked for."""
    found: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        yield found
        gc.collect()
    texts = [str(warning.message) for warning in caught]
    found += [text for text in texts if text.startswith("unclosed transport ")]


def run(loop: asyncio.AbstractEventLoop, main: Coroutine[Any, Any, Result]) -> Result:
    """Run `main` to its end. A hang fails, and so does an error reported to the loop that the test did not expect."""

    async def bounded() -> Result:
        async with asyncio.timeout(HANG_SECONDS):
            return await main

    with reports(loop) as reported:
        result = loop.run_until_complete(bounded())
    assert reported == [], reported
    return result


def assert_same_course(scenario: Callable[[], Coroutine[Any, Any, object]]) -> str:
    """Check that `scenario` returns the same on PyLoop as on the interpreter's own loop; return it as text."""
    return assert_same_trace(lambda loop: run(loop, scenario()))


def assert_same_trace(scenario: Callable[[Any], object]) -> str:
    """Check that `scenario`, given a loop, returns the same on both loops; return it as text."""
    expected, actual = (outcome_on(factory, scenario) for factory in FACTORIES.values())
    # An error on both loops would be the same as well: it is the scenario's own.
    assert expected.raised is None, f"the scenario fails on asyncio: {expected}"
    assert actual == expected, f"PyLoop: {actual}, but asyncio: {expected}"
    return expected.text


@functools.cache
def _has_stock_transports(loop_class: Any) -> bool:
    """Whether the transports of such loops are asyncio's own, with the faults that its versions are known for."""
    with fresh_loop(loop_class) as loop:
        ours, theirs = socket_pair()
        with theirs:
            transport, _ = loop.run_until_complete(loop.connect_accepted_socket(asyncio.Protocol, ours))
            module = type(transport).__module__
            transport.close()
            run_idle(loop)
    return module.partition(".")[0] == "asyncio"


FIRST_311: Final = sys.version_info < (3, 11, 7)
"""Whether asyncio's own transports have the faults of Debian's Python 3.11.2, which 3.11.7 has not."""


def skip_fault(loop: asyncio.AbstractEventLoop, reason: str) -> None:
    """Skip a test of what asyncio's own transports are known not to do; any others must do it."""
    loop_class: Any = type(loop)
    if _has_stock_transports(loop_class):
        pytest.skip(f"asyncio's own transports: {reason}")


Opened: TypeAlias = tuple[asyncio.Transport, AnyRecorder, socket.socket]


@contextlib.asynccontextmanager
async def opened(protocol: AnyRecorder | None = None, pair: Pair | None = None) -> AsyncIterator[Opened]:
    """A transport, its protocol and the plain socket of the peer. What the block leaves open is closed."""
    ours, theirs = pair or socket_pair()
    recorder = Recorder() if protocol is None else protocol
    loop = asyncio.get_running_loop()
    with theirs:
        transport, _ = await loop.connect_accepted_socket(lambda: recorder, ours)
        try:
            yield transport, recorder, theirs
        finally:
            # asyncio's own fail if they are aborted after they have closed as soon as all was sent.
            if not is_closed(transport):
                transport.abort()
                await closed(transport)


async def closed(transport: asyncio.BaseTransport) -> None:
    """Wait until `transport`, which is closing, has closed its socket."""
    async with asyncio.timeout(HANG_SECONDS):
        while not is_closed(transport):
            await asyncio.sleep(0)


def is_closed(transport: asyncio.BaseTransport) -> bool:
    """Whether `transport` has closed its socket. One of TLS says no more of it then."""
    end = transport.get_extra_info("socket")
    return end is None or end.fileno() == -1


async def receive(peer: socket.socket, count: int) -> bytes:
    """The next `count` bytes at `peer`, or fewer if the stream ends before."""
    loop = asyncio.get_running_loop()
    received = bytearray()
    while len(received) < count and (chunk := await loop.sock_recv(peer, count - len(received))):
        received += chunk
    return bytes(received)


async def receive_all(peer: socket.socket) -> bytes:
    """Everything at `peer` up to the end of the stream."""
    loop = asyncio.get_running_loop()
    received = bytearray()
    while chunk := await loop.sock_recv(peer, 1 << 20):
        received += chunk
    return bytes(received)


async def send(peer: socket.socket, data: bytes) -> None:
    """Send `data` from `peer`."""
    await asyncio.get_running_loop().sock_sendall(peer, data)


def offer(peer: socket.socket, data: bytes) -> None:
    """Send `data` from `peer` at once, if there still is anybody to send it to."""
    with contextlib.suppress(OSError):
        peer.send(data)


async def settle() -> None:
    """Let some iterations pass, enough for what has arrived by now to be dealt with."""
    for _ in range(8):
        await asyncio.sleep(0)


def arrived(peer: socket.socket) -> bytes:
    """What has arrived at `peer` by now, without running the loop."""
    received = bytearray()
    # A connection that was closed before everything was read from it looks like a reset one.
    with contextlib.suppress(BlockingIOError, ConnectionResetError):
        while chunk := peer.recv(1 << 20):
            received += chunk
    return bytes(received)
