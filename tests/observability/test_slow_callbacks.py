"""Reports of callbacks that take long, outside debug mode."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Iterator

import pytest

import pyloop
from support.loops import run_iteration
from support.programs import lines_of, run_loop_program

_LONG = 0.02
_THRESHOLD = 0.01


@pytest.fixture
def reports(loop: asyncio.AbstractEventLoop) -> list[pyloop.SlowCallback]:
    """What is reported of the loop, whose threshold is set."""
    assert isinstance(loop, pyloop.EventLoop)
    heard: list[pyloop.SlowCallback] = []
    loop.slow_callback_threshold = _THRESHOLD
    loop.on_slow_callback = heard.append
    return heard


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What PyLoop logs."""
    with caplog.at_level(logging.WARNING, "pyloop"):
        yield caplog


def _hold_up() -> None:
    time.sleep(_LONG)


def test_nothing_is_measured_unless_asked_for(loop: pyloop.EventLoop, log: pytest.LogCaptureFixture) -> None:
    assert loop.slow_callback_threshold is None
    loop.call_soon(_hold_up)
    run_iteration(loop)
    assert (loop.metrics().slow_callbacks, log.records) == (0, [])


def test_a_slow_callback_is_reported(
    loop: pyloop.EventLoop, reports: list[pyloop.SlowCallback], log: pytest.LogCaptureFixture
) -> None:
    loop.call_soon(lambda: None)
    loop.call_soon(_hold_up)
    run_iteration(loop)
    run_iteration(loop)
    (report,) = reports
    assert (report.callback, report.task, report.stack, report.unreported) == ("_hold_up", None, (), 0)
    assert report.seconds >= _LONG
    assert report.loop == loop.metrics().loop
    assert loop.metrics().slow_callbacks == 1
    assert [record.getMessage() for record in log.records] == [str(report)]
    assert str(report).startswith("slow callback: _hold_up took 0.0")


def test_a_handle_that_the_program_keeps_is_reported_too(
    loop: pyloop.EventLoop, reports: list[pyloop.SlowCallback]
) -> None:
    kept = loop.call_soon(_hold_up)
    run_iteration(loop)
    run_iteration(loop)
    assert [report.callback for report in reports] == ["_hold_up"]
    assert not kept.cancelled()


def test_a_slow_step_of_a_task_is_reported_with_its_stack(
    loop: pyloop.EventLoop, reports: list[pyloop.SlowCallback]
) -> None:
    async def inner() -> None:
        _hold_up()
        await asyncio.sleep(0.001)

    async def outer() -> None:
        await inner()

    loop.run_until_complete(loop.create_task(outer(), name="the task"))
    (report,) = reports
    assert report.callback.endswith("outer")
    assert report.task == "the task"
    stack = "\n".join(report.stack)
    assert "await inner()" in stack
    assert "await asyncio.sleep(0.001)" in stack
    assert "of task the task took" in str(report)


def test_a_slow_protocol_is_reported_by_its_name(loop: pyloop.EventLoop, reports: list[pyloop.SlowCallback]) -> None:
    class SlowProtocol(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            _hold_up()
            loop.stop()

    ours, theirs = socket.socketpair()
    transport, _ = loop.run_until_complete(loop.create_connection(SlowProtocol, sock=ours))
    with theirs:
        theirs.send(b"x")
        loop.run_forever()
        run_iteration(loop)
        transport.close()
        run_iteration(loop)
    assert [report.callback.rpartition(".")[2] for report in reports] == ["SlowProtocol"]


def test_a_callback_that_fails_is_reported_too(loop: pyloop.EventLoop, reports: list[pyloop.SlowCallback]) -> None:
    failures: list[object] = []
    loop.set_exception_handler(lambda _, context: failures.append(context["exception"]))

    def fail() -> None:
        _hold_up()
        raise RuntimeError("deliberate")

    loop.call_soon(fail)
    run_iteration(loop)
    run_iteration(loop)
    assert [type(failure) for failure in failures] == [RuntimeError]
    assert [report.callback.rpartition(".")[2] for report in reports] == ["fail"]


def test_in_debug_mode_the_callback_is_named_and_not_what_runs_it(
    loop: pyloop.EventLoop, reports: list[pyloop.SlowCallback]
) -> None:
    loop.set_debug(True)
    loop.slow_callback_duration = 100
    loop.call_soon(_hold_up)
    run_iteration(loop)
    run_iteration(loop)
    assert [report.callback for report in reports] == ["_hold_up"]


def test_reports_are_limited_and_the_count_is_not(
    loop: pyloop.EventLoop, reports: list[pyloop.SlowCallback], log: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        loop.call_soon(_hold_up)
        run_iteration(loop)
    assert (len(reports), len(log.records), loop.metrics().slow_callbacks) == (1, 1, 3)
    loop._observed.next_report = 0.0  # as after a second
    loop.call_soon(_hold_up)
    run_iteration(loop)
    run_iteration(loop)
    assert [report.unreported for report in reports] == [0, 2]
    assert "(2 others since the last report)" in str(reports[1])


def test_a_hook_that_fails_is_reported_as_callbacks_are(loop: pyloop.EventLoop) -> None:
    failures: list[object] = []
    loop.set_exception_handler(lambda _, context: failures.append(context["exception"]))

    def hook(report: pyloop.SlowCallback) -> None:
        raise LookupError(report.callback)

    loop.slow_callback_threshold = _THRESHOLD
    loop.on_slow_callback = hook
    loop.call_soon(_hold_up)
    run_iteration(loop)
    run_iteration(loop)
    assert [type(failure) for failure in failures] == [LookupError]


def test_the_threshold_can_be_taken_back(loop: pyloop.EventLoop, reports: list[pyloop.SlowCallback]) -> None:
    loop.slow_callback_threshold = None
    loop.call_soon(_hold_up)
    run_iteration(loop)
    run_iteration(loop)
    assert reports == []


def test_a_threshold_set_by_the_callback_itself_does_not_measure_that(loop: pyloop.EventLoop) -> None:
    heard: list[pyloop.SlowCallback] = []
    loop.on_slow_callback = heard.append

    def callback() -> None:
        loop.slow_callback_threshold = 1e-9
        loop.call_soon(setattr, loop, "slow_callback_threshold", None)

    loop.call_soon(callback)
    run_iteration(loop)
    run_iteration(loop)
    run_iteration(loop)
    assert [report.callback for report in heard] in ([], ["setattr"])


@pytest.mark.parametrize("threshold", [0, -1.0, float("nan")])
def test_a_threshold_is_positive(loop: pyloop.EventLoop, threshold: float) -> None:
    with pytest.raises(ValueError, match="positive number of seconds"):
        loop.slow_callback_threshold = threshold
    with pytest.raises(ValueError, match="positive number of seconds"):
        loop.stall_threshold = threshold
    with pytest.raises(ValueError, match="positive number of seconds"):
        pyloop.new_event_loop(slow_callback_threshold=threshold or -1)


def test_the_environment_sets_the_threshold() -> None:
    done = run_loop_program(
        """
        loop = new_event_loop()
        say(loop.slow_callback_threshold)
        loop.call_soon(time.sleep, 0.5)
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.close()
        """,
        env={"PYLOOP_SLOW_CALLBACK": "0.4"},
    )
    assert (done.stdout, done.returncode) == ("0.4\n", 0)
    assert done.stderr.startswith("slow callback: sleep took 0.")


def test_a_wrong_threshold_in_the_environment_is_told() -> None:
    done = run_loop_program("new_event_loop()", env={"PYLOOP_SLOW_CALLBACK": "soon"})
    assert "PYLOOP_SLOW_CALLBACK is 'soon', but must be a positive number of seconds" in done.stderr


def test_a_run_hands_thresholds_to_its_loop() -> None:
    lines = lines_of("""
        from functools import partial
        async def main():
            loop = asyncio.get_running_loop()
            return loop.slow_callback_threshold, loop.stall_threshold
        say(pyloop.run(main(), loop_factory=partial(new_event_loop, slow_callback_threshold=2, stall_threshold=3)))
    """)
    assert lines == ["(2.0, 3.0)"]
