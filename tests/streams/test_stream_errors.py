"""Exceptions out of a protocol's callbacks: what is reported, how the connection ends, and what leaves the loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Final

import pytest

from support.loops import run_idle
from support.programs import HANG_SECONDS
from support.protocols import AnyRecorder, BufferedRecorder, Recorder, at
from support.streams import (
    LARGE,
    Pair,
    arrived,
    assert_same_course,
    assert_same_trace,
    offer,
    receive_all,
    reports,
    run,
    settle,
    skip_fault,
    socket_pair,
)

_READING: Final = ("data_received", "eof_received", "get_buffer", "buffer_updated")
_CALLBACKS: Final = ("connection_made", "connection_lost", *_READING)
_WRITING: Final = ("pause_writing", "resume_writing")


class _Odd(BaseException):
    """An exception that ``except Exception`` does not see."""


# Made anew for each use: an exception keeps what it has passed through alive.
_ERRORS: dict[str, Callable[[], BaseException]] = {
    "ValueError": lambda: ValueError("expected"),
    "OSError": lambda: OSError(5, "expected"),
    "ConnectionResetError": lambda: ConnectionResetError("expected"),
    "BlockingIOError": lambda: BlockingIOError("expected"),
    "CancelledError": lambda: asyncio.CancelledError("expected"),
    "StopIteration": lambda: StopIteration("expected"),
    "odd": lambda: _Odd("expected"),
}


def _recorder(callback: str, error: BaseException, *, always: bool = False) -> AnyRecorder:
    def fail(recorder: AnyRecorder, *_arguments: object) -> None:
        if always or recorder.once(callback) or callback == "connection_lost":
            raise error

    kind = BufferedRecorder if callback in {"get_buffer", "buffer_updated"} else Recorder
    return kind(**at(callback, fail))


@pytest.mark.parametrize("debug", [False, True], ids=["", "debug mode"])
@pytest.mark.parametrize("error", _ERRORS)
@pytest.mark.parametrize("callback", _CALLBACKS)
def test_an_exception_of_a_callback(callback: str, error: str, debug: bool) -> None:
    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        loop.set_debug(debug)
        loop.slow_callback_duration = 60
        protocol = _recorder(callback, _ERRORS[error]())
        ours, peer = socket_pair()
        with peer, reports(loop) as reported:
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, ours)
            await settle()
            if not transport.is_closing():
                peer.send(b"data")
                await settle()
            if callback == "eof_received":
                peer.shutdown(socket.SHUT_WR)
                await settle()
            before = transport.is_closing()
            transport.close()
            await settle()
            socket_closed = transport.get_extra_info("socket").fileno() == -1
            return before, reported, protocol.events, [str(loss) for loss in protocol.losses], socket_closed

    assert_same_course(scenario)


@pytest.mark.parametrize("callback", ["get_buffer", "buffer_updated", "data_received", "eof_received"])
def test_the_exception_is_the_one_given_to_connection_lost(each_loop: asyncio.AbstractEventLoop, callback: str) -> None:
    async def scenario() -> None:
        error = ValueError("expected")
        protocol = _recorder(callback, error)
        ours, peer = socket_pair()
        with peer, reports(each_loop) as reported:
            await each_loop.connect_accepted_socket(lambda: protocol, ours)
            peer.send(b"data")
            peer.shutdown(socket.SHUT_WR)
            await protocol.until_lost()
            assert protocol.losses == [error]
            assert protocol.losses[0] is error
            assert error.__traceback__ is not None
            error.__traceback__ = None
            assert [report.message for report in reported] == [f"Fatal error: protocol.{callback}() call failed."]

    each_loop.run_until_complete(scenario())


def test_what_waits_is_dropped_after_an_exception(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        protocol = _recorder("data_received", ValueError("expected"))
        ours, peer = socket_pair()
        with peer, reports(each_loop) as reported:
            transport, _ = await each_loop.connect_accepted_socket(lambda: protocol, ours)
            transport.write(bytes(LARGE))
            peer.send(b"data")
            await protocol.until_lost()
            assert transport.get_write_buffer_size() == 0
            assert len(await receive_all(peer)) < LARGE
            assert len(reported) == 1

    each_loop.run_until_complete(scenario())


def test_a_view_that_cannot_be_sent_is_reported() -> None:
    """The fault is the writer's, but the call returns and the connection ends."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        ours, peer = socket_pair()
        protocol = Recorder()
        with peer, reports(loop) as reported:
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, ours)
            transport.write(memoryview(b"abcdef")[::2])
            await protocol.until_lost()
            return reported, protocol.events

    assert "BufferError" in assert_same_course(scenario)


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("callback", [*_CALLBACKS, *_WRITING])
def test_an_interrupt_in_a_callback_leaves_the_loop(callback: str, interrupt: type[BaseException]) -> None:
    """The loop can be run on, and the connection goes on as in asyncio."""

    def scenario(loop: Any) -> object:
        protocol = _recorder(callback, interrupt("expected"))
        trace: list[object] = []

        def note_run() -> None:
            try:
                run_idle(loop, iterations=6)
            except interrupt as raised:
                trace.append((type(raised).__name__, list(protocol.events)))
            else:
                trace.append(list(protocol.events))

        ours, peer = socket_pair()
        with peer, reports(loop) as reported:
            making = loop.create_task(loop.connect_accepted_socket(lambda: protocol, ours))
            note_run()
            note_run()
            transport, _ = making.result()
            peer.send(b"data")
            note_run()
            if callback in _WRITING:
                try:
                    transport.write(bytes(LARGE))
                except interrupt:
                    trace.append("raised by write")
                while transport.get_write_buffer_size():
                    arrived(peer)
                    note_run()
            if callback == "eof_received":
                peer.shutdown(socket.SHUT_WR)
                note_run()
            offer(peer, b"more")
            note_run()
            transport.close()
            note_run()
            note_run()
            transport.abort()
            note_run()
            return trace, reported, transport.get_extra_info("socket").fileno() == -1

    text = assert_same_trace(scenario)
    assert interrupt.__name__ in text or "raised by write" in text


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_in_data_received_loses_no_data(
    each_loop: asyncio.AbstractEventLoop, interrupt: type[BaseException]
) -> None:
    def leave(recorder: AnyRecorder, _data: bytes) -> None:
        if recorder.once("data_received"):
            raise interrupt

    protocol = Recorder(data_received=leave)
    pair: Pair = socket_pair()
    with pair[1] as peer:
        transport, _ = each_loop.run_until_complete(each_loop.connect_accepted_socket(lambda: protocol, pair[0]))
        text = bytes(range(256)) * 200
        peer.send(text)
        with pytest.raises(interrupt):
            each_loop.run_forever()
        peer.send(text)
        run_idle(each_loop)
        assert protocol.data == text * 2
        transport.close()
        run_idle(each_loop)


@pytest.mark.parametrize("answer", [None, False, True, 0, 1, "", "yes", [], [0]], ids=repr)
def test_the_answer_of_eof_received(answer: object) -> None:
    """Anything true keeps the connection open for writing."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        protocol = Recorder(eof_received=lambda _recorder: answer)
        ours, peer = socket_pair()
        with peer:
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, ours)
            peer.send(b"request")
            peer.shutdown(socket.SHUT_WR)
            await settle()
            states = transport.is_closing(), transport.is_reading()
            transport.write(b"response")
            await settle()
            transport.write(bytes(300_000))
            await settle()
            transport.close()
            received = await receive_all(peer)
            await protocol.until_lost()
            return states, len(received), protocol.events

    assert_same_course(scenario)


def test_an_answer_without_a_truth_value() -> None:
    class Undecided:
        def __bool__(self) -> bool:
            raise ZeroDivisionError("expected")

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        protocol = Recorder(eof_received=lambda _recorder: Undecided())
        ours, peer = socket_pair()
        with peer, reports(loop) as reported:
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, ours)
            peer.shutdown(socket.SHUT_WR)
            await protocol.until_noted("eof_received")
            transport.abort()
            await protocol.until_lost()
            return bool(reported), protocol.events[:3]

    assert_same_course(scenario)


def test_the_end_keeps_the_loop_idle(each_loop: asyncio.AbstractEventLoop) -> None:
    """A stream that has ended stays readable for the kernel: its end must be told once, and not be polled for ever."""

    async def scenario() -> None:
        protocol = Recorder(eof_received=lambda _recorder: True)
        ours, peer = socket_pair()
        with peer:
            transport, _ = await each_loop.connect_accepted_socket(lambda: protocol, ours)
            peer.shutdown(socket.SHUT_WR)
            await protocol.until_noted("eof_received")
            await settle()
            transport.pause_reading()
            transport.resume_reading()
            await settle()
            transport.close()
            await protocol.until_lost()
        assert protocol.events[0] == "connection_made"
        assert protocol.events[-1] == "connection_lost NoneType"

    each_loop.run_until_complete(scenario())


@pytest.mark.parametrize("missing", ["connection_lost", "data_received", "eof_received", "pause_writing"])
def test_a_protocol_without_a_callback(missing: str) -> None:
    """The name is looked up when it is needed, and what is missing then is an error like any other."""

    async def scenario() -> object:
        loop = asyncio.get_running_loop()
        seen: list[object] = []

        class Incomplete:
            def connection_made(self, _transport: object) -> None:
                seen.append("connection_made")

            def __getattr__(self, name: str) -> Any:
                if name == missing:
                    raise AttributeError(f"no {name}")
                return lambda *arguments: seen.append((name, len(arguments)))

        ours, peer = socket_pair()
        with peer, reports(loop) as reported:
            untyped: Any = loop
            transport, _ = await untyped.connect_accepted_socket(Incomplete, ours)
            transport.write(bytes(LARGE))
            offer(peer, b"data")
            await settle()
            peer.shutdown(socket.SHUT_WR)
            await settle()
            transport.abort()
            await settle()
            described = [(report.message, report.exception) for report in reported]
            return seen, described, transport.get_extra_info("socket").fileno() == -1

    assert f"no {missing}" in assert_same_course(scenario)


@pytest.mark.parametrize("ending", ["close", "write_eof"])
def test_an_interrupt_in_resume_writing(each_loop: asyncio.AbstractEventLoop, ending: str) -> None:
    """When the loop runs on, so does the connection, up to an end that was asked for."""
    skip_fault(each_loop, "they fail for ever because there is nothing to write")

    def interrupt(_recorder: AnyRecorder) -> None:
        raise KeyboardInterrupt

    ours, peer = socket_pair()
    with peer:
        protocol = Recorder(resume_writing=interrupt)
        transport, _ = each_loop.run_until_complete(each_loop.connect_accepted_socket(lambda: protocol, ours))
        transport.write(bytes(LARGE))
        getattr(transport, ending)()
        reading = each_loop.create_task(receive_all(peer))
        with pytest.raises(KeyboardInterrupt):
            each_loop.run_until_complete(reading)
        run(each_loop, asyncio.wait_for(reading, HANG_SECONDS))
        peer.close()
        run(each_loop, protocol.until_lost())
        assert protocol.events[:3] == ["connection_made", "pause_writing", "resume_writing"]
        assert protocol.losses == [None]
