"""Flow control: when a protocol is told to pause and to resume writing, and how much is said to wait."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from support.outcomes import outcome_of
from support.protocols import AnyRecorder, Recorder, at
from support.streams import (
    FAMILIES,
    LARGE,
    Report,
    arrived,
    assert_same_course,
    opened,
    receive,
    receive_all,
    reports,
    run,
    skip_fault,
    socket_pair,
)

_LIMITS: list[dict[str, Any]] = [
    {},
    {"high": 1000},
    {"low": 1000},
    {"high": 1000, "low": 10},
    {"high": 1000, "low": 1000},
    {"high": 0},
    {"low": 0},
    {"high": 0, "low": 0},
    {"high": 3},
    {"high": None, "low": None},
    {"high": 10, "low": 20},
    {"high": -1},
    {"low": -1},
    {"high": 10, "low": -1},
    {"high": True},
    {"high": sys.maxsize},
    {"high": 2**70},
    {"low": 2**62},
    {"low": 2**70},
    {"high": "1000"},
    {"low": "1000"},
    {"high": 10, "low": "5"},
    {"high": b""},
    {"highest": 5},
]


def test_limits() -> None:
    async def scenario() -> object:
        seen: list[object] = []
        async with opened() as (transport, protocol, _):
            seen.append(transport.get_write_buffer_limits())
            for limits in _LIMITS:
                outcome = outcome_of(lambda limits=limits: transport.set_write_buffer_limits(**limits))  # type: ignore[misc]
                seen.append((limits, outcome.raised, transport.get_write_buffer_limits()))
            seen.append(transport.set_write_buffer_limits(2000, 500))  # type: ignore[func-returns-value]
            seen.append(transport.get_write_buffer_limits())
            seen.append(outcome_of(lambda: transport.set_write_buffer_limits(1, 2, 3)).raised)  # type: ignore[call-arg]
            seen.append(protocol.events)
        return seen

    text = assert_same_course(scenario)
    assert text.startswith("[(16384, 65536), ")
    assert "(500, 2000)" in text


def test_the_words_of_wrong_limits() -> None:
    async def scenario() -> object:
        async with opened() as (transport, _, _peer):
            return outcome_of(lambda: transport.set_write_buffer_limits(high=10, low=20))

    assert "high (10) must be >= low (20) must be >= 0" in assert_same_course(scenario)


@pytest.mark.parametrize("high", [2**62, 2**70])
def test_limits_beyond_anything(each_loop: asyncio.AbstractEventLoop, high: int) -> None:
    async def scenario() -> None:
        async with opened() as (transport, protocol, peer):
            transport.set_write_buffer_limits(high=high)
            transport.write(bytes(LARGE))
            transport.write_eof()
            assert len(await receive_all(peer)) == LARGE
            assert protocol.events == ["connection_made"]

    run(each_loop, scenario())


@pytest.mark.parametrize("family", FAMILIES)
def test_the_protocol_is_paused_within_the_call(each_loop: asyncio.AbstractEventLoop, family: str) -> None:
    """Once, at the first write that takes the buffer above its limit; and resumed once, when little is left."""
    sizes: list[int] = []

    def note_size(recorder: AnyRecorder) -> None:
        sizes.append(recorder.transport.get_write_buffer_size())

    async def scenario() -> None:
        recorder = Recorder(pause_writing=note_size, resume_writing=note_size)
        async with opened(recorder, socket_pair(family)) as (transport, protocol, peer):
            written = 0
            while "pause_writing" not in protocol.events:
                assert transport.get_write_buffer_size() <= 65536
                transport.write(bytes(10_000))
                written += 10_000
            assert transport.get_write_buffer_size() == sizes[0] > 65536
            transport.write(bytes(LARGE))
            assert protocol.events == ["connection_made", "pause_writing"]
            transport.write_eof()
            assert len(await receive_all(peer)) == written + LARGE
            assert protocol.events == ["connection_made", "pause_writing", "resume_writing"]
            assert sizes[1] <= 16384

    run(each_loop, scenario())


def test_exactly_the_limit_is_no_reason_to_pause(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        async with opened() as (transport, protocol, peer):
            transport.set_write_buffer_limits(high=sys.maxsize)
            transport.write(bytes(LARGE))
            size = transport.get_write_buffer_size()
            transport.set_write_buffer_limits(high=size + 10)
            transport.write(bytes(10))
            assert protocol.events == ["connection_made"]
            transport.write(bytes(1))
            assert protocol.events == ["connection_made", "pause_writing"]
            transport.write_eof()
            assert len(await receive_all(peer)) == LARGE + 11

    run(each_loop, scenario())


def test_what_is_said_to_wait(each_loop: asyncio.AbstractEventLoop) -> None:
    """Everything the kernel has not taken, no more and no less."""

    async def scenario() -> None:
        async with opened() as (transport, _, peer):
            written = 0
            for size in (LARGE, 1, 70_000, 0, 3):
                transport.write(bytes(size))
                written += size
            waiting = transport.get_write_buffer_size()
            assert len(arrived(peer)) + waiting == written
            transport.write_eof()
            assert len(await receive_all(peer)) == waiting
            assert transport.get_write_buffer_size() == 0

    run(each_loop, scenario())


def test_lower_limits_pause_at_once(each_loop: asyncio.AbstractEventLoop) -> None:
    """Higher ones do not resume: only what leaves the buffer does."""

    async def scenario() -> None:
        async with opened() as (transport, protocol, peer):
            transport.set_write_buffer_limits(high=LARGE * 2)
            transport.write(bytes(LARGE))
            assert protocol.events == ["connection_made"]
            transport.set_write_buffer_limits(high=1000)
            assert protocol.events == ["connection_made", "pause_writing"]
            transport.set_write_buffer_limits(high=100)
            transport.set_write_buffer_limits(high=LARGE * 2)
            assert protocol.events == ["connection_made", "pause_writing"]
            await receive(peer, LARGE)
            await protocol.until_noted("resume_writing")
            assert protocol.events == ["connection_made", "pause_writing", "resume_writing"]

    run(each_loop, scenario())


def test_no_limit_at_all(each_loop: asyncio.AbstractEventLoop) -> None:
    """With limits of zero every byte that waits pauses, and only an empty buffer resumes."""
    sizes: list[int] = []

    async def scenario() -> None:
        recorder = Recorder(resume_writing=lambda recorder: sizes.append(recorder.transport.get_write_buffer_size()))
        async with opened(recorder) as (transport, protocol, peer):
            transport.set_write_buffer_limits(0)
            transport.write(bytes(LARGE))
            assert protocol.events[1:] == ["pause_writing"]
            assert len(await receive(peer, LARGE)) == LARGE
            await protocol.until_noted("resume_writing")
            assert sizes == [0]
            transport.write(b"x")
            assert await receive(peer, 1) == b"x"
            assert protocol.events[1:] == ["pause_writing", "resume_writing"]

    run(each_loop, scenario())


def test_pausing_and_resuming_alternate(each_loop: asyncio.AbstractEventLoop) -> None:
    """Whatever a protocol does in the two callbacks."""
    rounds = 10

    def write_more(recorder: AnyRecorder) -> None:
        if recorder.events.count("resume_writing") < rounds:
            recorder.transport.write(bytes(LARGE))
        else:
            # Not at once: asyncio's own transports would then lose the connection twice.
            asyncio.get_running_loop().call_soon(recorder.transport.close)

    async def scenario() -> None:
        recorder = Recorder(pause_writing=lambda recorder: recorder.transport.write(b"!"), resume_writing=write_more)
        async with opened(recorder) as (transport, protocol, peer):
            transport.write(bytes(LARGE))
            received = await receive_all(peer)
            await protocol.until_lost()
            assert received.count(b"!") == rounds
            assert len(received) == rounds * (LARGE + 1)
            assert protocol.events[1:-1] == ["pause_writing", "resume_writing"] * rounds

    run(each_loop, scenario())


@pytest.mark.parametrize("ending", ["close", "abort"])
def test_a_paused_protocol_at_the_end(ending: str) -> None:
    async def scenario() -> object:
        async with opened() as (transport, protocol, peer):
            transport.write(bytes(LARGE))
            getattr(transport, ending)()
            size = transport.get_write_buffer_size()
            transport.set_write_buffer_limits(high=0)
            await receive_all(peer)
            await protocol.until_lost()
            return bool(size), transport.get_write_buffer_size(), protocol.events

    assert_same_course(scenario)


def test_a_new_protocol_is_the_one_that_is_told(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        async with opened() as (transport, protocol, peer):
            successor = Recorder()
            transport.write(bytes(LARGE))
            transport.set_protocol(successor)
            assert len(await receive(peer, LARGE)) == LARGE
            await successor.until_noted("resume_writing")
            transport.write(bytes(LARGE))
            assert protocol.events == ["connection_made", "pause_writing"]
            assert successor.events == ["resume_writing", "pause_writing"]

    run(each_loop, scenario())


def test_lines_are_under_control_too(each_loop: asyncio.AbstractEventLoop) -> None:
    if (3, 12) <= sys.version_info < (3, 14):
        skip_fault(each_loop, "writelines does not pause the protocol")

    async def scenario() -> None:
        async with opened() as (transport, protocol, peer):
            transport.writelines([bytes(1000)] * (LARGE // 1000))
            assert protocol.events == ["connection_made", "pause_writing"]
            transport.writelines([bytes(1000)] * 10)
            transport.write_eof()
            assert len(await receive_all(peer)) == LARGE // 1000 * 1000 + 10_000
            assert protocol.events == ["connection_made", "pause_writing", "resume_writing"]

    run(each_loop, scenario())


def test_a_protocol_that_does_not_care(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        ours, theirs = socket_pair()
        with theirs:
            transport, _ = await each_loop.connect_accepted_socket(asyncio.Protocol, ours)
            transport.write(bytes(LARGE))
            transport.close()
            assert len(await receive_all(theirs)) == LARGE

    run(each_loop, scenario())


class _Odd(BaseException):
    """An exception that ``except Exception`` does not see."""


@pytest.mark.parametrize("error", [ValueError, OSError, ConnectionResetError, asyncio.CancelledError, _Odd])
@pytest.mark.parametrize("callback", ["pause_writing", "resume_writing"])
def test_exceptions_of_the_callbacks_are_reported(callback: str, error: type[BaseException]) -> None:
    """The transport goes on."""

    def fail(_recorder: AnyRecorder) -> None:
        raise error("expected")

    async def scenario() -> object:
        with reports(asyncio.get_running_loop()) as reported:
            async with opened(Recorder(**at(callback, fail))) as (transport, protocol, peer):
                for _ in range(2):
                    transport.write(bytes(LARGE))
                    assert len(await receive(peer, LARGE)) == LARGE
                    await protocol.until(lambda: protocol.events[-1] == "resume_writing")
                transport.close()
                await protocol.until_lost()
                assert reported[0].message == f"protocol.{callback}() failed"
                assert len(reported) == 2
                return protocol.events, reported

    assert "('exception', 'message', 'protocol', 'transport')" in assert_same_course(scenario)


def test_a_limit_set_while_pausing_fails(each_loop: asyncio.AbstractEventLoop) -> None:
    """An exception of pause_writing does not come out of set_write_buffer_limits either."""

    def fail(_recorder: AnyRecorder) -> None:
        raise ZeroDivisionError

    async def scenario() -> list[Report]:
        with reports(each_loop) as reported:
            async with opened(Recorder(pause_writing=fail)) as (transport, _, _peer):
                transport.set_write_buffer_limits(high=LARGE * 2)
                transport.write(bytes(LARGE))
                transport.set_write_buffer_limits(high=0)
            return reported

    assert [report.message for report in run(each_loop, scenario())] == ["protocol.pause_writing() failed"]


def test_a_buffer_that_nobody_reads_stays(each_loop: asyncio.AbstractEventLoop) -> None:
    """While the peer takes nothing the loop has nothing to do: the transport neither spins nor resumes."""

    async def scenario() -> None:
        async with opened() as (transport, protocol, peer):
            transport.write(bytes(LARGE))
            waiting = transport.get_write_buffer_size()
            for _ in range(50):
                await asyncio.sleep(0)
            assert transport.get_write_buffer_size() == waiting
            assert protocol.events == ["connection_made", "pause_writing"]
            transport.write_eof()
            assert len(await receive_all(peer)) == LARGE

    run(each_loop, scenario())
