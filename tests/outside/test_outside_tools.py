"""Tools from PyPI that reach into event loops: virtual and frozen clocks, nested runs, detectors of slow callbacks."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
import time
from typing import Any

import freezegun
import looptime
import pytest
import time_machine

from support.loops import fresh_loop
from support.programs import lines_of

_BOTH = """
import asyncio, logging, sys
loops = (asyncio.SelectorEventLoop, new_event_loop)
"""

_KNOWN_TO_NEST_ASYNCIO = pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="nest_asyncio relies on what Python 3.14 has not any more"
)
_ON_EACH_LOOP = pytest.mark.parametrize("which", [0, 1], ids=["asyncio", "pyloop"])


def test_looptime(each_loop: Any) -> None:
    async def main() -> float:
        start = time.perf_counter()
        async with asyncio.timeout(10_000):
            await asyncio.sleep(3600)
        await asyncio.gather(*(asyncio.sleep(i) for i in range(100)))
        assert await asyncio.to_thread(lambda: 7) == 7
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        assert await reader.read() == b""
        writer.close()
        server.close()
        assert time.perf_counter() - start < 600
        return loop.time()

    loop = looptime.patch_event_loop(each_loop, idle_step=0.01)
    assert loop is each_loop
    assert loop.run_until_complete(main()) >= 3699


def test_a_class_with_looptime(each_factory: Any) -> None:
    with fresh_loop(each_factory) as plain:
        loop_class: Any = looptime.make_event_loop_class(type(plain))  # type: ignore[arg-type]
    with fresh_loop(loop_class) as loop:
        loop.run_until_complete(asyncio.sleep(100_000))
        assert loop.time() == 100_000


def test_freezegun(each_loop: Any) -> None:
    async def main() -> None:
        with freezegun.freeze_time("2020-01-01") as frozen:
            called: list[int] = []
            each_loop.call_later(30, called.append, 1)
            for _ in range(200):
                await asyncio.sleep(0)
            assert (called, dt.datetime.now(dt.UTC).year) == ([], 2020)
            frozen.tick(31)
            for _ in range(200):
                await asyncio.sleep(0)
            assert called == [1]
        await asyncio.sleep(0.001)

    each_loop.run_until_complete(main())


@pytest.mark.parametrize("by_default", [False, True])
def test_freezegun_that_spares_asyncio(each_factory: Any, by_default: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if by_default:
        monkeypatch.setattr(asyncio, "new_event_loop", each_factory)
    with fresh_loop(each_factory) as loop:
        with freezegun.freeze_time("2020-01-01", real_asyncio=True):
            loop.run_until_complete(asyncio.wait_for(asyncio.sleep(0.001), 10))
        loop.run_until_complete(asyncio.sleep(0.001))


def test_time_machine(each_loop: Any) -> None:
    async def main() -> None:
        with time_machine.travel(dt.datetime(2020, 1, 1, tzinfo=dt.UTC), tick=False):
            assert time.gmtime().tm_year == 2020
            await asyncio.sleep(0.001)
            assert await asyncio.to_thread(lambda: 7) == 7

    each_loop.run_until_complete(asyncio.wait_for(main(), 10))


@_KNOWN_TO_NEST_ASYNCIO
@_ON_EACH_LOOP
def test_nest_asyncio_before_a_run(which: int) -> None:
    assert lines_of(
        f"""{_BOTH}
import nest_asyncio
for make in loops[{which}:][:1]:
    loop = make()
    asyncio.set_event_loop(loop)
    nest_asyncio.apply(loop)
    async def inner(depth):
        await asyncio.sleep(0.001)
        return loop.run_until_complete(inner(depth - 1)) + 1 if depth else 0
    async def main():
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        async def connect():
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            data = await reader.read()
            writer.close()
            return data
        result = loop.run_until_complete(connect()), loop.run_until_complete(inner(5))
        server.close()
        return result
    say(loop.run_until_complete(main()), asyncio.run(inner(2)))
    loop.close()
"""
    ) == ["(b'', 5) 2"]


@_KNOWN_TO_NEST_ASYNCIO
@_ON_EACH_LOOP
def test_nest_asyncio_in_a_loop_that_runs(which: int) -> None:
    assert lines_of(
        f"""{_BOTH}
import nest_asyncio
for make in loops[{which}:][:1]:
    loop = make()
    asyncio.set_event_loop(loop)
    timer = []
    async def inner(depth):
        await asyncio.sleep(0.01)
        return asyncio.run(inner(depth - 1)) + 1 if depth else 0
    async def main():
        loop.call_later(0.001, timer.append, 1)
        await asyncio.sleep(0)
        nest_asyncio.apply(loop)
        result = asyncio.run(inner(3)), loop.run_until_complete(inner(1))
        await asyncio.sleep(0.001)
        return result
    say(loop.run_until_complete(main()), timer)
    loop.close()
"""
    ) == ["(3, 1) [1]"]


@pytest.mark.parametrize("enabled", ["before", "while it runs"])
def test_aiodebug(enabled: str) -> None:
    assert (
        lines_of(
            f"""{_BOTH}
import time
import aiodebug.log_slow_callbacks
slow = []
def enable():
    aiodebug.log_slow_callbacks.enable(0.05, lambda name, seconds: slow.append(name))
run = asyncio.Handle._run
for make in loops:
    asyncio.Handle._run = run
    slow.clear()
    loop = make()
    if {enabled == "before"}:
        enable()
    async def main():
        if {enabled != "before"}:
            enable()
            await asyncio.sleep(0.01)
        loop.call_soon(time.sleep, 0.1)
        await asyncio.sleep(0.01)
    loop.run_until_complete(main())
    loop.close()
    say(any("sleep" in name for name in slow))
"""
        )
        == ["True"] * 2
    )


def test_aiocop() -> None:
    assert (
        lines_of(
            f"""{_BOTH}
import time
import aiocop
events = []
aiocop.patch_audit_functions()
aiocop.start_blocking_io_detection(trace_depth=20)
aiocop.detect_slow_tasks(threshold_ms=30, on_slow_task=events.append)
for make in loops:
    events.clear()
    loop = make()
    async def main():
        aiocop.activate()
        await asyncio.sleep(0)
        async def slow():
            time.sleep(0.1)
        await asyncio.ensure_future(slow())
        await asyncio.sleep(0.01)
        aiocop.deactivate()
    loop.run_until_complete(main())
    loop.close()
    say(bool(events))
""",
        )
        == ["True"] * 2
    )
