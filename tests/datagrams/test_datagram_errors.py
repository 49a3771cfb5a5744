"""Datagram transports: what becomes of errors, of misuse and of exceptions of the protocol."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import weakref
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from pyloop._for_engine import addresses
from support.datagrams import LOCALHOST, TOO_LARGE, Recorder, address_of, burst, close, endpoint, run_until
from support.loops import FACTORIES, LoopFactory, collect_until, fresh_loop, run_idle


def test_an_exception_of_the_protocol_is_reported_and_harms_nobody(
    each_loop: asyncio.AbstractEventLoop, peer: socket.socket
) -> None:
    reports: list[dict[str, Any]] = []
    each_loop.set_exception_handler(lambda _, context: reports.append(context))

    def react(_: Recorder, data: bytes, __: Any) -> None:
        if data == b"1":
            raise ZeroDivisionError

    recorder = endpoint(each_loop, Recorder(react), local_addr=(LOCALHOST, 0))
    for i in range(4):
        peer.sendto(b"%d" % i, address_of(recorder))
    run_until(each_loop, lambda: len(recorder.events) == 5)
    assert recorder.events == ["made", b"0", b"1", b"2", b"3"]
    assert len(reports) == 1
    assert isinstance(reports[0]["exception"], ZeroDivisionError)
    assert reports[0]["message"].endswith("Transport._read_ready()")
    # In debug mode it also says where the handle was made.
    assert set(reports[0]) - {"source_traceback"} == {"message", "exception", "handle"}
    close(each_loop, recorder)


def test_an_interrupt_leaves_the_loop_and_loses_nothing(
    each_loop: asyncio.AbstractEventLoop, peer: socket.socket
) -> None:
    def react(_: Recorder, data: bytes, __: Any) -> None:
        if data == b"1":
            raise KeyboardInterrupt

    recorder = endpoint(each_loop, Recorder(react), local_addr=(LOCALHOST, 0))
    for i in range(4):
        peer.sendto(b"%d" % i, address_of(recorder))
    with pytest.raises(KeyboardInterrupt):
        run_idle(each_loop)
    run_idle(each_loop)
    assert recorder.events == ["made", b"0", b"1", b"2", b"3"]
    close(each_loop, recorder)


def test_a_refused_datagram_is_an_error_and_not_the_end(each_loop: asyncio.AbstractEventLoop) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind((LOCALHOST, 0))
        nowhere = gone.getsockname()
    recorder = endpoint(each_loop, remote_addr=nowhere)
    for _ in range(3):
        recorder.events.clear()
        recorder.transport.sendto(b"?")
        run_until(each_loop, lambda: bool(recorder.events))
        assert recorder.events == ["ConnectionRefusedError"]
    recorder.events.clear()
    each_loop.call_soon(burst, recorder, [b"?"] * 20)
    run_until(each_loop, lambda: bool(recorder.events))
    assert set(recorder.events) == {"ConnectionRefusedError"}
    assert not recorder.transport.is_closing()
    close(each_loop, recorder)


@pytest.mark.parametrize("first", [True, False])
def test_an_error_in_a_burst_hits_its_datagram_alone(
    each_loop: asyncio.AbstractEventLoop, peer: socket.socket, *, first: bool
) -> None:
    recorder = endpoint(each_loop, local_addr=(LOCALHOST, 0))
    where = peer.getsockname()
    sent = [TOO_LARGE, b"1", TOO_LARGE, b"2"] if first else [b"0", b"1", TOO_LARGE, b"2", TOO_LARGE]
    each_loop.call_soon(burst, recorder, sent, where)
    run_idle(each_loop)
    expected = [data for data in sent if data is not TOO_LARGE]
    assert [peer.recv(100) for _ in expected] == expected
    assert recorder.events == ["made", "OSError", "OSError"]
    close(each_loop, recorder)


@pytest.mark.parametrize(
    "bad",
    [
        (LOCALHOST, 70_000),
        (LOCALHOST, -1),
        (LOCALHOST, "53"),
        ("127.0.0.1\0x", 53),
        ("\ud800", 53),
        (LOCALHOST,),
        (LOCALHOST, 53, 0),
        "path",
        None,
        5,
        ("::1", 53),
        (b"127.0.0.1", 9),
        [LOCALHOST, 9],
    ],
    ids=repr,
)
def test_odd_destinations_fare_as_on_asyncio(bad: Any) -> None:
    outcomes = []
    for factory in FACTORIES.values():
        with fresh_loop(factory) as loop:
            reports: list[Any] = []

            def report(_: object, context: dict[str, Any], reports: list[Any] = reports) -> None:
                reports.append(repr(context["exception"]))

            loop.set_exception_handler(report)
            recorder = endpoint(loop, local_addr=(LOCALHOST, 0))
            try:
                recorder.transport.sendto(b"data", bad)
            except Exception as exc:
                reports.append(("raised", repr(exc)))
            run_idle(loop)
            outcomes.append((reports, [repr(event) for event in recorder.events]))
            close(loop, recorder)
    assert outcomes[0] == outcomes[1]


def test_wrong_arguments_are_refused_as_on_asyncio(each_loop: asyncio.AbstractEventLoop, peer: socket.socket) -> None:
    recorder = endpoint(each_loop, remote_addr=peer.getsockname())
    transport: Any = recorder.transport
    with pytest.raises(TypeError, match="data argument must be a bytes-like object, not 'str'"):
        transport.sendto("text")
    with pytest.raises(ValueError, match="Invalid address: must be None or "):
        transport.sendto(b"data", ("127.0.0.9", 9))
    with pytest.raises(TypeError):
        transport.sendto()
    with pytest.raises(TypeError):
        transport.sendto(b"", None, None)
    transport.sendto(data=b"1", addr=None)
    assert peer.recv(100) == b"1"
    close(each_loop, recorder)


class Failing(Recorder):
    """Raises what it is given when it is told of an error."""

    def __init__(self, failure: BaseException) -> None:
        super().__init__()
        self.failure = failure

    def error_received(self, exc: Exception) -> None:
        super().error_received(exc)
        raise self.failure


def test_an_interrupt_after_a_burst_with_an_error_stays_what_it_is(
    each_loop: asyncio.AbstractEventLoop, peer: socket.socket
) -> None:
    recorder = endpoint(each_loop, local_addr=(LOCALHOST, 0))

    def send_and_raise() -> None:
        burst(recorder, [b"1", TOO_LARGE, b"2"], peer.getsockname())
        raise KeyboardInterrupt("mine")

    each_loop.call_soon(send_and_raise)
    with pytest.raises(KeyboardInterrupt, match="mine"):
        each_loop.run_forever()
    assert [peer.recv(100), peer.recv(100)] == [b"1", b"2"]
    assert recorder.events == ["made", "OSError"]
    close(each_loop, recorder)


def test_an_interrupt_out_of_error_received_loses_nothing(loop: asyncio.AbstractEventLoop, peer: socket.socket) -> None:
    # Not as in asyncio, where the interrupt leaves sendto, and so the callback.
    failing = endpoint(loop, Failing(KeyboardInterrupt("mine")), local_addr=(LOCALHOST, 0))
    other = endpoint(loop, local_addr=(LOCALHOST, 0))

    def send_all() -> None:
        burst(failing, [b"1", b"2", TOO_LARGE, b"3", TOO_LARGE, b"4"], peer.getsockname())
        burst(other, [b"5", b"6"], peer.getsockname())

    loop.call_soon(send_all)
    with pytest.raises(KeyboardInterrupt, match="mine"):
        loop.run_forever()
    assert sorted(peer.recv(100) for _ in range(6)) == [b"1", b"2", b"3", b"4", b"5", b"6"]
    assert failing.events == ["made", "OSError", "OSError"]
    close(loop, failing, other)


def test_a_callback_whose_datagrams_end_the_loop_is_given_up(
    loop: asyncio.AbstractEventLoop, peer: socket.socket
) -> None:
    recorder = endpoint(loop, Failing(KeyboardInterrupt("mine")), local_addr=(LOCALHOST, 0))

    class Argument:
        pass

    argument = Argument()
    seen = weakref.ref(argument)
    loop.call_soon(lambda _: burst(recorder, [b"1", TOO_LARGE], peer.getsockname()), argument)
    del argument
    with pytest.raises(KeyboardInterrupt, match="mine"):
        loop.run_forever()
    assert collect_until(lambda: seen() is None)
    close(loop, recorder)


def test_two_interrupts_are_chained(loop: asyncio.AbstractEventLoop, peer: socket.socket) -> None:
    recorder = endpoint(loop, Failing(SystemExit("second")), local_addr=(LOCALHOST, 0))

    def send_and_raise() -> None:
        burst(recorder, [b"1", TOO_LARGE], peer.getsockname())
        raise KeyboardInterrupt("first")

    loop.call_soon(send_and_raise)
    with pytest.raises(SystemExit, match="second") as caught:
        loop.run_forever()
    assert isinstance(caught.value.__context__, KeyboardInterrupt)
    close(loop, recorder)


def test_an_interrupt_in_a_loop_with_a_clock_of_its_own(each_factory: LoopFactory, peer: socket.socket) -> None:
    with fresh_loop(each_factory) as plain:
        kind = type(plain)

    class Clocked(kind):  # type: ignore[misc, valid-type]
        def time(self) -> float:
            return float(super().time())

    def react(_: Recorder, __: bytes, ___: Any) -> None:
        raise KeyboardInterrupt("mine")

    with fresh_loop(Clocked) as loop:
        timer = loop.call_later(1000, int)
        recorder = endpoint(loop, Recorder(react), local_addr=(LOCALHOST, 0))
        peer.sendto(b"", address_of(recorder))
        with pytest.raises(KeyboardInterrupt, match="mine"):
            loop.run_forever()
        timer.cancel()
        close(loop, recorder)


def test_what_is_sent_on_an_error_goes_its_own_way(loop: asyncio.AbstractEventLoop, peer: socket.socket) -> None:
    # The thread is no callback of the loop's, so what waits is sent before what it sends.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
        elsewhere.bind((LOCALHOST, 0))
        elsewhere.settimeout(30)

        class Answering(Recorder):
            def error_received(self, exc: Exception) -> None:
                self.transport.sendto(b"on error", elsewhere.getsockname())

        recorder = endpoint(loop, Answering(), local_addr=(LOCALHOST, 0))

        def send_all() -> None:
            burst(recorder, [b"1", TOO_LARGE], peer.getsockname())
            thread = threading.Thread(target=recorder.transport.sendto, args=(b"2", peer.getsockname()))
            thread.start()
            thread.join()

        loop.call_soon(send_all)
        run_idle(loop)
        assert elsewhere.recv(100) == b"on error"
        assert [peer.recv(100), peer.recv(100)] == [b"1", b"2"]
        close(loop, recorder)


def test_a_connection_that_ends_while_an_address_is_read(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    """Python code reads those of Unix sockets; a profiler, the handler of a signal or a destructor may run there."""
    recorder = endpoint(loop, family=socket.AF_UNIX, local_addr=os.fspath(tmp_path / "ours"))
    transport: Any = recorder.transport

    def end(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code is addresses.decode.__code__:
            sys.setprofile(None)
            transport._call_connection_lost(None)

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
        peer.bind(os.fspath(tmp_path / "theirs"))
        for _ in range(3):
            peer.sendto(b"x", os.fspath(tmp_path / "ours"))
        profile = sys.getprofile()
        sys.setprofile(end)
        try:
            for _ in range(3):
                run_idle(loop)
        finally:
            sys.setprofile(profile)
    assert recorder.events == ["made", ("lost", None)]
