"""Debug mode tells where handles and tasks were made, which callbacks are slow, and which thread is the wrong one."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.loops import run_idle, run_iteration
from support.outcomes import Outcome, assert_same_outcome, normalised, outcome_of
from support.programs import run_loop_program


@pytest.fixture
def asyncio_log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What asyncio logs, from debug messages up."""
    with caplog.at_level(logging.DEBUG, "asyncio"):
        yield caplog


def _messages(log: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[str]:
    """The messages logged at `level` and above, without addresses and durations."""
    return [
        re.sub(r"\d+\.\d{3} seconds", "? seconds", normalised(record.getMessage()))
        for record in log.records
        if record.levelno >= level
    ]


def _slow() -> None:
    """A callback that counts as slow because its loop takes every callback for slow."""


def test_every_way_to_schedule_remembers_its_caller() -> None:
    def scenario(loop: Any) -> object:
        loop.set_debug(True)
        handles = [
            loop.call_soon(_slow),
            loop.call_soon_threadsafe(_slow),
            loop.call_later(1, _slow),
            loop.call_at(1, _slow),
        ]
        tracebacks = [handle._source_traceback for handle in handles]
        return [(type(traceback), traceback[-1].name, traceback[-1].line) for traceback in tracebacks]

    assert "loop.call_later(1, _slow)" in assert_same_outcome(scenario).text


def test_a_task_and_a_future_remember_their_caller() -> None:
    def scenario(loop: Any) -> object:
        loop.set_debug(True)
        future, task = loop.create_future(), loop.create_task(asyncio.sleep(0))
        loop.run_until_complete(task)
        return [[(frame.name, frame.line) for frame in thing._source_traceback][-1] for thing in (future, task)]

    assert_same_outcome(scenario)


def test_the_handle_of_a_watched_descriptor_remembers_its_caller() -> None:
    def scenario(loop: Any) -> object:
        loop.set_debug(True)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            loop.add_reader(ours, _slow)
            loop.add_writer(ours, _slow)
            key = loop._selector.get_key(ours)
            loop.remove_reader(ours)
            loop.remove_writer(ours)
        return [[frame.name for frame in handle._source_traceback if frame.name == "scenario"] for handle in key.data]

    assert assert_same_outcome(scenario).text == "[['scenario'], ['scenario']]"


def test_without_debug_mode_nothing_is_remembered(loop: Any) -> None:
    loop.set_debug(False)
    assert loop.call_soon(_slow)._source_traceback is None
    assert loop.call_at(1, _slow)._source_traceback is None
    assert loop.create_future()._source_traceback is None


def test_slow_callbacks_are_logged(asyncio_log: pytest.LogCaptureFixture) -> None:
    def scenario(loop: Any) -> object:
        asyncio_log.clear()
        loop.set_debug(True)
        loop.slow_callback_duration = 0
        loop.call_soon(_slow)
        loop.call_soon_threadsafe(_slow)
        loop.call_at(0, _slow)
        run_iteration(loop)
        # How a loop wakes itself is its own affair.
        return [message for message in _messages(asyncio_log) if "_slow" in message]

    assert assert_same_outcome(scenario).text.count("Executing <") == 3


def test_slow_tasks_are_logged(asyncio_log: pytest.LogCaptureFixture) -> None:
    def scenario(loop: Any) -> object:
        async def work() -> None:
            await asyncio.sleep(0)

        asyncio_log.clear()
        loop.set_debug(True)
        loop.slow_callback_duration = 0
        loop.run_until_complete(loop.create_task(work(), name="slow task"))
        return _messages(asyncio_log)

    assert "name='slow task'" in assert_same_outcome(scenario).text


def test_what_is_not_slow_is_not_logged(
    each_loop: asyncio.AbstractEventLoop, asyncio_log: pytest.LogCaptureFixture
) -> None:
    assert each_loop.slow_callback_duration == 0.1
    each_loop.set_debug(True)
    each_loop.slow_callback_duration = 3600
    each_loop.call_soon(_slow)
    run_iteration(each_loop)
    assert _messages(asyncio_log) == []


def test_a_slow_callback_that_fails_is_only_reported(asyncio_log: pytest.LogCaptureFixture) -> None:
    def scenario(loop: Any) -> object:
        asyncio_log.clear()
        loop.set_debug(True)
        loop.slow_callback_duration = 0
        loop.call_soon(len)
        run_iteration(loop)
        return [message.splitlines()[0] for message in _messages(asyncio_log)]

    assert_same_outcome(scenario)


def test_the_default_handler_tells_where_the_current_handle_was_made(asyncio_log: pytest.LogCaptureFixture) -> None:
    def scenario(loop: Any) -> object:
        asyncio_log.clear()
        loop.set_debug(True)
        loop.call_soon(loop.call_exception_handler, {"message": "by hand"})
        run_iteration(loop)
        return "Handle created at (most recent call last):" in "".join(_messages(asyncio_log, logging.ERROR))

    assert assert_same_outcome(scenario).text == "True"


def _from_another_thread(action: Callable[[Any], object]) -> Callable[[Any], object]:
    """A scenario in which another thread does `action` while the loop runs; its outcome is returned."""

    def scenario(loop: Any) -> Outcome:
        outcomes: list[Outcome] = []

        def act() -> None:
            outcomes.append(outcome_of(lambda: action(loop)))
            loop.call_soon_threadsafe(loop.stop)

        loop.set_debug(True)
        thread = threading.Thread(target=act)
        loop.call_soon(thread.start)
        loop.run_forever()
        thread.join()
        return outcomes[0]

    return scenario


@pytest.mark.parametrize(
    "action",
    [
        lambda loop: loop.call_soon(print).cancelled(),
        lambda loop: loop.call_later(3600, print).cancelled(),
        lambda loop: loop.call_at(3600, print).cancelled(),
        lambda loop: loop.call_soon_threadsafe(len, ()).cancelled(),
    ],
    ids=["call_soon", "call_later", "call_at", "call_soon_threadsafe"],
)
def test_the_wrong_thread_is_told_so(action: Callable[[Any], object]) -> None:
    assert_same_outcome(_from_another_thread(action))


def test_a_loop_that_does_not_run_belongs_to_no_thread(each_loop: asyncio.AbstractEventLoop) -> None:
    each_loop.set_debug(True)
    ran: list[str] = []
    thread = threading.Thread(target=each_loop.call_soon, args=(ran.append, "ran"))
    thread.start()
    thread.join()
    run_iteration(each_loop)
    assert ran == ["ran"]


async def _coroutine_function() -> None:
    """Not a callback."""


_WRONG_CALLBACKS: list[object] = [5, None, "callback", _coroutine_function, asyncio.sleep]


@pytest.mark.parametrize("wrong", _WRONG_CALLBACKS, ids=str)
@pytest.mark.parametrize("method", ["call_soon", "call_soon_threadsafe", "call_later", "call_at"])
def test_a_callback_of_the_wrong_kind_is_refused_at_once(method: str, wrong: object) -> None:
    def scenario(loop: Any) -> object:
        loop.set_debug(True)
        arguments = [wrong] if method.startswith("call_soon") else [0, wrong]
        return getattr(loop, method)(*arguments)

    assert assert_same_outcome(scenario).raised == "TypeError"


def test_a_coroutine_is_refused_as_a_callback() -> None:
    def scenario(loop: Any) -> object:
        loop.set_debug(True)
        coroutine = _coroutine_function()
        try:
            return loop.call_soon(coroutine)
        finally:
            coroutine.close()

    assert assert_same_outcome(scenario).text == "coroutines cannot be used with call_soon()"


@pytest.mark.parametrize("value", [True, False, 1, 0, None, "yes"])
def test_the_mode_is_what_was_set(value: object) -> None:
    def scenario(loop: Any) -> object:
        before = loop.get_debug()
        loop.set_debug(value)
        return before, loop.get_debug(), repr(loop)

    assert_same_outcome(scenario)


@pytest.mark.parametrize("value", [True, False, 0])
def test_the_mode_of_a_closed_loop(value: object) -> None:
    def scenario(loop: Any) -> object:
        loop.set_debug(value)
        loop.close()
        return loop.get_debug()

    assert_same_outcome(scenario)


def test_the_mode_is_switched_while_the_loop_runs() -> None:
    """Turning it on starts to track where coroutines are made, turning it off and leaving the loop stop that."""

    def scenario(loop: Any) -> object:
        depths: list[int] = []

        async def main() -> None:
            for enabled in (False, True, False, True):
                loop.set_debug(enabled)
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                depths.append(sys.get_coroutine_origin_tracking_depth())

        loop.run_until_complete(main())
        depths.append(sys.get_coroutine_origin_tracking_depth())
        return depths

    assert_same_outcome(scenario)


def test_closing_is_logged(asyncio_log: pytest.LogCaptureFixture) -> None:
    def scenario(loop: Any) -> object:
        loop.set_debug(True)
        asyncio_log.clear()
        loop.close()
        return _messages(asyncio_log, logging.DEBUG)

    assert_same_outcome(scenario)


def test_debug_mode_changes_no_order(each_loop: asyncio.AbstractEventLoop) -> None:
    each_loop.set_debug(True)
    ran: list[str] = []
    each_loop.call_later(0, ran.append, "timer")
    each_loop.call_soon(ran.append, "first")
    each_loop.call_soon_threadsafe(ran.append, "second")
    each_loop.call_soon(each_loop.call_soon, ran.append, "next iteration")
    run_idle(each_loop)
    assert ran == ["first", "second", "timer", "next iteration"]


@pytest.mark.parametrize(
    ("options", "environment"),
    [([], {}), ([], {"PYTHONASYNCIODEBUG": "1"}), (["-X", "dev"], {})],
    ids=["plain", "variable", "dev mode"],
)
def test_the_interpreter_s_switches_are_heeded(loop_name: str, options: list[str], environment: dict[str, str]) -> None:
    done = run_loop_program(
        "loop = new_event_loop(); say(loop.get_debug()); loop.close()", loop=loop_name, options=options, env=environment
    )
    assert done.stderr == ""
    assert done.stdout.strip() == str(bool(environment or options))
