"""Writing in every state of a transport: at the end of the stream, after close and abort, after its peer has gone."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable

import pytest

from support.outcomes import outcome_of
from support.protocols import Recorder, at
from support.streams import (
    FAMILIES,
    LARGE,
    assert_same_course,
    closed,
    opened,
    receive,
    receive_all,
    reset_on_close,
    run,
    send,
    skip_fault,
    socket_pair,
)

_MESSAGE = "socket.send() raised exception."


@pytest.mark.parametrize("family", FAMILIES)
def test_the_end_of_the_stream(each_loop: asyncio.AbstractEventLoop, family: str) -> None:
    """The peer sees it, and can go on sending."""

    async def scenario() -> None:
        async with opened(pair=socket_pair(family)) as (transport, protocol, peer):
            assert transport.can_write_eof() is True
            transport.write(b"the last words")
            transport.write_eof()
            assert await receive_all(peer) == b"the last words"
            assert not transport.is_closing()
            await send(peer, b"an answer")
            await protocol.until_received(9)
            assert protocol.data == b"an answer"

    run(each_loop, scenario())


@pytest.mark.parametrize("family", FAMILIES)
def test_the_end_of_the_stream_follows_what_waits(each_loop: asyncio.AbstractEventLoop, family: str) -> None:
    async def scenario() -> None:
        async with opened(pair=socket_pair(family)) as (transport, _, peer):
            transport.write(b"x" * LARGE)
            transport.write_eof()
            assert transport.get_write_buffer_size() > 0
            assert await receive_all(peer) == b"x" * LARGE
            assert transport.get_write_buffer_size() == 0

    run(each_loop, scenario())


def test_nothing_is_written_after_the_end(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        async with opened() as (transport, _, peer):
            transport.write_eof()
            for data in (b"x", b""):
                with pytest.raises(RuntimeError, match="after write_eof"):
                    transport.write(data)
            for lines in ([b"x"], []):
                with pytest.raises(RuntimeError, match="after write_eof"):
                    transport.writelines(lines)
            transport.write_eof()
            assert await receive_all(peer) == b""
            assert transport.can_write_eof()

    run(each_loop, scenario())


@pytest.mark.parametrize("method", ["write", "writelines"])
def test_the_words_of_a_refusal(method: str) -> None:
    """After the end, and while the socket is somebody else's to write to."""

    async def scenario() -> object:
        refusals = []
        for reserve in ("write_eof", "_make_empty_waiter"):
            async with opened() as (transport, _, _peer):
                getattr(transport, reserve)()
                with pytest.raises(RuntimeError) as raised:
                    getattr(transport, method)([b"x"] if method == "writelines" else b"x")
                refusals.append(str(raised.value))
                if reserve != "write_eof":
                    transport._reset_empty_waiter()  # type: ignore[attr-defined]
        return refusals

    assert_same_course(scenario)


def test_the_end_in_other_states() -> None:
    """Once closed, a transport ignores it; what waited is sent all the same."""

    async def scenario() -> object:
        seen = []
        for size in (10, LARGE):
            for ending in ("close", "abort"):
                async with opened() as (transport, protocol, peer):
                    transport.write(bytes(size))
                    getattr(transport, ending)()
                    seen.append(outcome_of(transport.write_eof))
                    received = await receive_all(peer)
                    await protocol.until_lost()
                    seen.append(outcome_of(transport.write_eof))
                    if size != LARGE or ending != "close":
                        # In that state asyncio's transports forget that they are closed, and trip over it.
                        seen.append(outcome_of(lambda: transport.write(b"late")))
                    seen.append(outcome_of(transport.can_write_eof))
                    assert (len(received) == size) is not (ending == "abort" and size == LARGE)
        return seen

    assert_same_course(scenario)


def _warnings(caplog: pytest.LogCaptureFixture) -> int:
    return [record.getMessage() for record in caplog.records].count(_MESSAGE)


@pytest.mark.parametrize("ending", ["close", "abort"])
@pytest.mark.parametrize("when", ["at once", "after connection_lost"])
def test_writes_after_the_end_of_the_transport(
    each_loop: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture, ending: str, when: str
) -> None:
    """They are ignored; from the fifth on with a warning."""

    async def scenario() -> list[int]:
        warned = []
        async with opened() as (transport, protocol, peer):
            getattr(transport, ending)()
            if when != "at once":
                await protocol.until_lost()
                await closed(transport)
            for _ in range(8):
                transport.write(b"ignored")
                warned.append(_warnings(caplog))
            assert transport.get_write_buffer_size() == 0
            assert await receive_all(peer) == b""
            await protocol.until_lost()
        return warned

    with caplog.at_level(logging.WARNING, logger="asyncio"):
        assert run(each_loop, scenario()) == [0, 0, 0, 0, 1, 2, 3, 4]


def test_empty_writes_do_not_count(each_loop: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with opened() as (transport, _, _peer):
            transport.close()
            for _ in range(20):
                transport.write(b"")

    with caplog.at_level(logging.WARNING, logger="asyncio"):
        run(each_loop, scenario())
    assert _warnings(caplog) == 0


@pytest.mark.parametrize("ending", ["close", "abort"])
def test_lines_after_the_end_of_the_transport(
    each_loop: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture, ending: str
) -> None:
    if (3, 12) <= sys.version_info < (3, 14):
        skip_fault(each_loop, "they do not look whether the connection is lost")

    async def scenario() -> None:
        async with opened() as (transport, protocol, peer):
            getattr(transport, ending)()
            for _ in range(3):
                transport.writelines([b"ignored", b"as well"])
            await protocol.until_lost()
            for _ in range(3):
                transport.writelines([b"ignored", b"as well"])
            assert transport.get_write_buffer_size() == 0
            assert await receive_all(peer) == b""

    with caplog.at_level(logging.WARNING, logger="asyncio"):
        run(each_loop, scenario())
    assert _warnings(caplog) == 2


def test_writes_while_a_closed_transport_flushes() -> None:
    """Asyncio still takes them, because the connection is not lost yet."""

    async def scenario() -> object:
        async with opened() as (transport, protocol, peer):
            transport.write(bytes(LARGE))
            transport.close()
            transport.write(b"after close")
            received = await receive_all(peer)
            await protocol.until_lost()
            return len(received), received[-20:], protocol.events

    assert "after close" in assert_same_course(scenario)


@pytest.mark.parametrize("size", [1, 100_000])
def test_writes_to_a_peer_that_is_gone(caplog: pytest.LogCaptureFixture, size: int) -> None:
    """The first write that fails loses the connection; those after it are ignored."""

    async def scenario() -> object:
        caplog.clear()
        async with opened() as (transport, protocol, peer):
            transport.pause_reading()
            peer.close()
            raised = [outcome_of(lambda: transport.write(bytes(size))) for _ in range(10)]
            await protocol.until_lost()
            raised.append(outcome_of(lambda: transport.write(bytes(size))))
            return raised, protocol.events, str(protocol.losses), transport.is_closing(), _warnings(caplog)

    with caplog.at_level(logging.WARNING, logger="asyncio"):
        assert "BrokenPipeError" in assert_same_course(scenario)


def test_writes_to_a_peer_that_resets(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        async with opened(pair=socket_pair("tcp")) as (transport, protocol, peer):
            transport.write(b"hello")
            assert await receive(peer, 5) == b"hello"
            reset_on_close(peer)
            peer.close()
            await protocol.until_lost()
            assert protocol.events[-1] == "connection_lost ConnectionResetError"
            for _ in range(3):
                transport.write(b"ignored")
            assert transport.is_closing()

    run(each_loop, scenario())


@pytest.mark.parametrize("size", [3, 300_000])
@pytest.mark.parametrize("write", ["write", "writelines"])
def test_writes_of_the_last_callback(write: str, size: int) -> None:
    """In connection_lost there is nobody left to write to."""

    def lost(recorder: Recorder, _error: Exception | None) -> None:
        # Without effect, so that versions which fail in writelines then do not matter.
        with_what = bytes(size) if write == "write" else []
        getattr(recorder.transport, write)(with_what)

    async def scenario() -> object:
        async with opened(Recorder(connection_lost=lost)) as (transport, protocol, peer):
            transport.close()
            received = await receive_all(peer)
            await protocol.until_lost()
            return received, protocol.events

    assert_same_course(scenario)


_PLACES: dict[str, Callable[[asyncio.AbstractEventLoop, Callable[[], None]], object]] = {
    "call_soon": lambda loop, act: loop.call_soon(act),
    "a timer": lambda loop, act: loop.call_later(0.001, act),
    "another thread's call": lambda loop, act: loop.run_in_executor(None, loop.call_soon_threadsafe, act),
    "a task": lambda loop, act: loop.create_task(_act_in_a_task(act)),
    "a done callback": lambda loop, act: _finished(loop).add_done_callback(lambda _future: act()),
}


async def _act_in_a_task(act: Callable[[], None]) -> None:
    act()


def _finished(loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
    future = loop.create_future()
    future.set_result(None)
    return future


@pytest.mark.parametrize("size", [10, 300_000])
@pytest.mark.parametrize("place", _PLACES)
def test_writes_from_everywhere(each_loop: asyncio.AbstractEventLoop, place: str, size: int) -> None:
    async def scenario() -> None:
        async with opened() as (transport, _, peer):

            def write() -> None:
                for number in range(5):
                    transport.write(bytes([number]) * size)
                transport.write_eof()

            _PLACES[place](each_loop, write)
            assert await receive_all(peer) == b"".join(bytes([number]) * size for number in range(5))

    run(each_loop, scenario())
    each_loop.run_until_complete(each_loop.shutdown_default_executor())


@pytest.mark.parametrize("size", [10, 300_000])
@pytest.mark.parametrize(
    "callback", ["connection_made", "data_received", "eof_received", "pause_writing", "resume_writing"]
)
def test_writes_in_a_callback(each_loop: asyncio.AbstractEventLoop, callback: str, size: int) -> None:
    text = bytes(range(250)) * (size // 10)

    def write(recorder: Recorder, *_arguments: object) -> bool:
        if recorder.events.count(callback) == 1:
            for start in range(0, len(text), size):
                recorder.transport.write(text[start : start + size])
        return True

    async def scenario() -> None:
        async with opened(Recorder(**at(callback, write))) as (transport, protocol, peer):
            head = b""
            if callback == "data_received":
                await send(peer, b"a request")
            elif callback == "eof_received":
                peer.shutdown(1)
            elif callback != "connection_made":
                head = b"h" * LARGE
                transport.write(head)
            received = await receive(peer, len(head) + len(text))
            assert received == head + text
            assert callback in protocol.events

    run(each_loop, scenario())
