"""Reports of a loop that does not come back, while that lasts."""

from __future__ import annotations

import asyncio
import logging
import threading
import time

import pytest

import pyloop
from support.loops import run_iteration

_THRESHOLD = 0.05
_PATIENCE = 30


def _watchdogs() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("pyloop-watchdog")]


def _wait_for_report(reported: threading.Event) -> None:
    """Hold the loop up until somebody has noticed."""
    assert reported.wait(_PATIENCE)


def _wait_until_ended() -> None:
    for thread in _watchdogs():
        thread.join(_PATIENCE)
    assert _watchdogs() == []


def test_a_stall_is_reported_while_it_lasts_with_the_stack_of_the_loop(
    loop: pyloop.EventLoop, caplog: pytest.LogCaptureFixture
) -> None:
    reported = threading.Event()
    reports: list[tuple[pyloop.Stall, str]] = []

    def hear(stall: pyloop.Stall) -> None:
        reports.append((stall, threading.current_thread().name))
        reported.set()

    loop.stall_threshold = _THRESHOLD
    loop.on_stall = hear
    with caplog.at_level(logging.WARNING, "pyloop"):
        loop.call_soon(_wait_for_report, reported)
        run_iteration(loop)
        _wait_until_ended()
    stall, thread = reports[0]
    assert thread == f"pyloop-watchdog-{stall.loop}"
    assert stall.loop == loop.metrics().loop
    assert stall.thread == threading.current_thread().name
    assert stall.seconds >= _THRESHOLD
    assert "in _wait_for_report" in "\n".join(stall.stack)
    assert caplog.records[0].getMessage() == str(stall)
    assert str(stall).startswith("stalled loop: no callback has ended for")


def test_a_loop_that_sleeps_or_gets_on_is_not_stalled(loop: pyloop.EventLoop) -> None:
    reports: list[pyloop.Stall] = []
    loop.stall_threshold = 10.0
    loop.on_stall = reports.append

    async def main() -> None:
        await asyncio.sleep(0.1)
        for _ in range(50):
            await asyncio.sleep(0)

    loop.run_until_complete(main())
    _wait_until_ended()
    assert reports == []


def test_that_a_stall_is_over_is_told(loop: pyloop.EventLoop, caplog: pytest.LogCaptureFixture) -> None:
    reported = threading.Event()
    loop.stall_threshold = _THRESHOLD
    loop.on_stall = lambda _: reported.set()

    async def main() -> None:
        _wait_for_report(reported)
        deadline = time.monotonic() + _PATIENCE
        while not any("it goes on" in record.getMessage() for record in caplog.records):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)

    with caplog.at_level(logging.WARNING, "pyloop"):
        loop.run_until_complete(main())
        _wait_until_ended()


def test_a_thread_looks_after_a_run_only_while_the_threshold_is_set(loop: pyloop.EventLoop) -> None:
    loop.run_until_complete(asyncio.sleep(0))
    loop.stall_threshold = _PATIENCE
    assert _watchdogs() == []

    async def main() -> int:
        watching = len(_watchdogs())
        loop.stall_threshold = None
        _wait_until_ended()
        loop.stall_threshold = _PATIENCE
        assert len(_watchdogs()) == 1
        return watching

    assert loop.run_until_complete(main()) == 1
    _wait_until_ended()
    assert loop.stall_threshold == _PATIENCE


def test_a_hook_that_fails_is_logged(loop: pyloop.EventLoop, caplog: pytest.LogCaptureFixture) -> None:
    reported = threading.Event()

    def hook(stall: pyloop.Stall) -> None:
        reported.set()
        raise LookupError(stall.thread)

    loop.stall_threshold = _THRESHOLD
    loop.on_stall = hook
    with caplog.at_level(logging.WARNING, "pyloop"):
        loop.call_soon(_wait_for_report, reported)
        run_iteration(loop)
        _wait_until_ended()
    assert any(record.exc_info and record.exc_info[0] is LookupError for record in caplog.records)
