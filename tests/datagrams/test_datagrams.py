"""Datagram transports: what is sent and received, and in which order."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import socket
import warnings
from asyncio import selector_events
from collections.abc import Callable
from typing import Any

import pytest

from support.datagrams import LOCALHOST, Recorder, address_of, burst, close, endpoint, run_until
from support.loops import LoopFactory, fresh_loop, run_idle

VARIABLE: contextvars.ContextVar[int] = contextvars.ContextVar("VARIABLE", default=0)


class Plain(socket.socket):
    """A socket of a class of its own, which the engine leaves to asyncio."""


def test_is_a_datagram_transport(loop: asyncio.AbstractEventLoop) -> None:
    recorder = endpoint(loop, local_addr=(LOCALHOST, 0))
    assert isinstance(recorder.transport, asyncio.DatagramTransport)
    assert type(recorder.transport).__name__ == "DatagramTransport"
    close(loop, recorder)


@pytest.mark.parametrize("connected", [True, False])
def test_a_burst_arrives_in_order(
    each_loop: asyncio.AbstractEventLoop, peer: socket.socket, *, connected: bool
) -> None:
    where = peer.getsockname()
    options = {"remote_addr": where} if connected else {"local_addr": (LOCALHOST, 0)}
    recorder = endpoint(each_loop, **options)
    sent = [b"%d" % i * (i + 1) for i in range(150)]

    each_loop.call_soon(burst, recorder, sent, None if connected else (LOCALHOST, where[1]))
    run_idle(each_loop)
    assert [peer.recv(1 << 16) for _ in sent] == sent
    assert recorder.events == ["made"]
    close(each_loop, recorder)


def test_the_first_datagram_of_a_callback_leaves_at_once(
    each_loop: asyncio.AbstractEventLoop, peer: socket.socket
) -> None:
    recorder = endpoint(each_loop, remote_addr=peer.getsockname())

    async def ask() -> bytes:
        recorder.transport.sendto(b"at once")
        return peer.recv(100)  # blocks the loop

    for _ in range(2):
        assert each_loop.run_until_complete(ask()) == b"at once"
    close(each_loop, recorder)


def test_all_kinds_of_data_keep_their_order(each_loop: asyncio.AbstractEventLoop, peer: socket.socket) -> None:
    recorder = endpoint(each_loop, remote_addr=peer.getsockname())
    changing = bytearray(b"2")

    def send_all() -> None:
        recorder.transport.sendto(b"0")
        recorder.transport.sendto(b"1")
        recorder.transport.sendto(changing)
        changing[:] = b"x"
        recorder.transport.sendto(b"3")
        recorder.transport.sendto(memoryview(b"4"))
        recorder.transport.sendto(b"5", recorder.transport.get_extra_info("peername"))

    each_loop.call_soon(send_all)
    run_idle(each_loop)
    assert [peer.recv(100) for _ in range(6)] == [b"0", b"1", b"2", b"3", b"4", b"5"]
    close(each_loop, recorder)


def test_closing_sends_what_was_put_off(each_loop: asyncio.AbstractEventLoop, peer: socket.socket) -> None:
    for end in ("close", "abort"):
        recorder = endpoint(each_loop, remote_addr=peer.getsockname())

        def send_and_end(recorder: Recorder = recorder, end: str = end) -> None:
            burst(recorder, [b"1", b"2", b"3"])
            getattr(recorder.transport, end)()

        each_loop.call_soon(send_and_end)
        run_idle(each_loop)
        assert [peer.recv(100) for _ in range(3)] == [b"1", b"2", b"3"]
        assert recorder.events == ["made", ("lost", None)]


@pytest.mark.parametrize("size", [1, 512, 9_000, 65_507])
def test_nothing_is_truncated(each_loop: asyncio.AbstractEventLoop, peer: socket.socket, size: int) -> None:
    recorder = endpoint(each_loop, local_addr=(LOCALHOST, 0))
    data = bytes(i % 251 for i in range(size))
    for _ in range(3):
        peer.sendto(data, address_of(recorder))
        run_until(each_loop, lambda: recorder.events[-1] == data)
        recorder.transport.sendto(recorder.events.pop(), peer.getsockname())
        assert peer.recv(1 << 17) == data
    close(each_loop, recorder)


def test_unix_datagrams_may_be_larger_than_those_of_the_internet(each_loop: asyncio.AbstractEventLoop) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with theirs:
        recorder = endpoint(each_loop, sock=ours)
        data = b"d" * 150_000
        theirs.send(data)
        theirs.send(b"small")
        run_until(each_loop, lambda: len(recorder.events) == 3)
        assert recorder.events == ["made", data, b"small"]
        close(each_loop, recorder)


def test_empty_datagrams_are_received(each_loop: asyncio.AbstractEventLoop, peer: socket.socket) -> None:
    recorder = endpoint(each_loop, local_addr=(LOCALHOST, 0))
    for data in (b"", b"1", b""):
        peer.sendto(data, address_of(recorder))
    run_until(each_loop, lambda: len(recorder.events) == 4)
    assert recorder.events == ["made", b"", b"1", b""]
    close(each_loop, recorder)


def test_addresses_are_pythons(each_loop: asyncio.AbstractEventLoop, peer: socket.socket) -> None:
    addresses: list[Any] = []
    recorder = endpoint(each_loop, Recorder(lambda _, __, addr: addresses.append(addr)), local_addr=(LOCALHOST, 0))
    peer.sendto(b"", address_of(recorder))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.2", 0))
        other.sendto(b"", address_of(recorder))
        peer.sendto(b"", address_of(recorder))
        run_until(each_loop, lambda: len(addresses) == 3)
        assert addresses == [peer.getsockname(), other.getsockname(), peer.getsockname()]
    close(each_loop, recorder)


def test_ipv6(each_loop: asyncio.AbstractEventLoop) -> None:
    addresses: list[Any] = []

    def answer(recorder: Recorder, data: bytes, addr: Any) -> None:
        addresses.append(addr)
        recorder.transport.sendto(data, addr)
        recorder.transport.sendto(data, addr[:2])

    recorder = endpoint(each_loop, Recorder(answer), local_addr=("::1", 0))
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as end:
        end.bind(("::1", 0))
        end.settimeout(30)
        end.sendto(b"six", address_of(recorder))
        run_until(each_loop, lambda: len(addresses) == 1)
        run_idle(each_loop)
        assert addresses == [end.getsockname()]
        assert [end.recv(100), end.recv(100)] == [b"six", b"six"]
    close(each_loop, recorder)


def test_what_a_datagram_causes_happens_before_the_next(
    each_loop: asyncio.AbstractEventLoop, peer: socket.socket
) -> None:
    def react(recorder: Recorder, data: bytes, _: Any) -> None:
        if data != b"2":
            each_loop.call_soon(recorder.events.append, "after " + data.decode())
            each_loop.call_soon(each_loop.call_soon, recorder.events.append, "later")

    recorder = endpoint(each_loop, Recorder(react), local_addr=(LOCALHOST, 0))
    sent = [b"%d" % i for i in range(5)]
    for data in sent:
        peer.sendto(data, address_of(recorder))
    run_until(each_loop, lambda: len(recorder.events) == 14)
    # fmt: off
    assert recorder.events == [
        "made", b"0", "after 0", b"1", "later", "after 1", b"2", "later", b"3", "after 3", b"4", "later", "after 4",
        "later",
    ]
    # fmt: on
    close(each_loop, recorder)


@pytest.mark.parametrize("end", ["close", "abort"])
def test_nothing_is_delivered_after_the_end(
    each_loop: asyncio.AbstractEventLoop, peer: socket.socket, end: str
) -> None:
    def react(recorder: Recorder, data: bytes, _: Any) -> None:
        if data == b"3":
            getattr(recorder.transport, end)()

    recorder = endpoint(each_loop, Recorder(react), local_addr=(LOCALHOST, 0))
    for i in range(20):
        peer.sendto(b"%d" % i, address_of(recorder))
    run_idle(each_loop, iterations=40)
    assert recorder.events == ["made", b"0", b"1", b"2", b"3", ("lost", None)]


@pytest.mark.skipif(
    not hasattr(asyncio.selector_events._SelectorTransport, "is_reading"),  # type: ignore[attr-defined]
    reason="the first releases of 3.11 have no pause of datagram transports",
)
@pytest.mark.skipif(
    selector_events._SelectorDatagramTransport.pause_reading is asyncio.ReadTransport.pause_reading,  # type: ignore[attr-defined]
    reason="the first versions of 3.11 cannot pause them",
)
def test_a_pause_keeps_what_was_received(each_loop: asyncio.AbstractEventLoop, peer: socket.socket) -> None:
    def react(recorder: Recorder, data: bytes, _: Any) -> None:
        if data == b"3":
            transport: Any = recorder.transport
            transport.pause_reading()
            recorder.events.append("pause")

    recorder = endpoint(each_loop, Recorder(react), local_addr=(LOCALHOST, 0))
    transport: Any = recorder.transport
    for i in range(8):
        peer.sendto(b"%d" % i, address_of(recorder))
    run_idle(each_loop, iterations=30)
    assert recorder.events == ["made", b"0", b"1", b"2", b"3", "pause"]
    transport.resume_reading()
    run_idle(each_loop, iterations=30)
    assert recorder.events[6:] == [b"4", b"5", b"6", b"7"]
    close(each_loop, recorder)


def test_datagrams_share_the_context_of_the_endpoint(each_loop: asyncio.AbstractEventLoop, peer: socket.socket) -> None:
    seen: list[int] = []

    def react(_: Recorder, __: bytes, ___: Any) -> None:
        seen.append(VARIABLE.get())
        VARIABLE.set(VARIABLE.get() + 1)

    VARIABLE.set(10)
    recorder = endpoint(each_loop, Recorder(react), local_addr=(LOCALHOST, 0))
    VARIABLE.set(0)
    for _ in range(3):
        peer.sendto(b"", address_of(recorder))
    run_until(each_loop, lambda: len(seen) == 3)
    assert seen == [10, 11, 12]
    assert VARIABLE.get() == 0
    close(each_loop, recorder)


def test_flow_control(each_loop: asyncio.AbstractEventLoop) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind("")  # a name of the system's choice
        sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sender.connect(end.getsockname())
        made = endpoint(each_loop, sock=sender)
        sent = [b"%03d" % i * 500 for i in range(200)]
        each_loop.call_soon(burst, made, sent)
        run_idle(each_loop)
        assert made.events == ["made", "pause"]
        assert made.transport.get_write_buffer_size() > 0  # type: ignore[attr-defined]
        made.transport.close()
        end.setblocking(False)
        received: list[bytes] = []

        def drained() -> bool:
            with contextlib.suppress(BlockingIOError):
                received.append(end.recv(5000))
            return len(received) == len(sent)

        run_until(each_loop, drained)
        run_idle(each_loop)
        assert received == sent
        assert made.events == ["made", "pause", "resume", ("lost", None)]


def test_a_number_that_became_somebody_elses_is_left_alone(each_factory: LoopFactory, peer: socket.socket) -> None:
    with fresh_loop(each_factory) as loop:
        recorder = endpoint(loop, remote_addr=peer.getsockname())
        real = recorder.transport._sock  # type: ignore[attr-defined]
        number = real.fileno()
        real.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            assert stranger.fileno() == number
            stranger.connect(peer.getsockname())
            recorder.transport.sendto(b"mine")
            run_idle(loop)
            peer.setblocking(False)
            with pytest.raises(BlockingIOError):
                peer.recv(100)
        assert recorder.events == ["made", "OSError"]
        close(loop, recorder)


def test_a_dropped_transport_warns(each_factory: LoopFactory) -> None:
    loop = each_factory()
    recorder = endpoint(loop, local_addr=(LOCALHOST, 0))
    loop.close()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del recorder
        gc.collect()
    # The collector may warn of the socket as well.
    assert [str(each.message)[:20] for each in caught].count("unclosed transport <") == 1


def test_other_sockets_are_left_to_asyncio(loop: asyncio.AbstractEventLoop, peer: socket.socket) -> None:
    class Own(socket.socket):
        def sendto(self, *arguments: Any) -> int:
            return super().sendto(*arguments)

    own = Own(socket.AF_INET, socket.SOCK_DGRAM)
    own.bind((LOCALHOST, 0))
    own.setblocking(False)
    recorder = endpoint(loop, sock=own)
    assert type(recorder.transport).__name__ == "_SelectorDatagramTransport"
    peer.sendto(b"1", address_of(recorder))
    run_until(loop, lambda: len(recorder.events) == 2)
    close(loop, recorder)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)], ids=str)
def test_sockets_take_turns(each_loop: asyncio.AbstractEventLoop, peer: socket.socket, order: tuple[int, ...]) -> None:
    events: list[tuple[int, bytes]] = []

    def note(number: int) -> Callable[[Recorder, bytes, Any], None]:
        def react(_: Recorder, data: bytes, __: Any) -> None:
            events.append((number, data))
            if len(events) == 18:
                each_loop.stop()

        return react

    recorders = [endpoint(each_loop, Recorder(note(i)), local_addr=(LOCALHOST, 0)) for i in range(3)]
    for data in (b"%d" % i for i in range(6)):
        for number in order:
            peer.sendto(data, address_of(recorders[number]))
    each_loop.run_forever()
    assert events == [(number, b"%d" % i) for i in range(6) for number in order]
    close(each_loop, *recorders)
