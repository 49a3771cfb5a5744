"""Errors of callbacks reach the exception handler with asyncio's words; interrupts leave the loop; none is lost."""

from __future__ import annotations

import asyncio
import functools
import logging
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from support.loops import run_idle, run_iteration
from support.outcomes import assert_same_outcome, normalised


def _fail(*arguments: object, error: type[BaseException] = ValueError) -> None:
    """A callback that raises, named for the messages."""
    raise error("expected", len(arguments))


class _Failing:
    def method(self) -> None:
        raise LookupError("expected")

    def __call__(self) -> None:
        raise LookupError("expected")

    def __repr__(self) -> str:
        return "<failing>"


class _Unprintable:
    def __repr__(self) -> str:
        raise ValueError("no representation")


_FAILURES: list[tuple[Any, ...]] = [
    (_fail,),
    (_fail, 1, "two"),
    (_fail, "x" * 1000, list(range(1000))),
    (functools.partial(_fail, 1, error=OSError), 2),
    (functools.partial(functools.partial(_fail, error=KeyError), "a"),),
    (functools.partial(_fail, error=asyncio.CancelledError),),
    (functools.partial(_fail, error=GeneratorExit),),
    (functools.partial(_fail, error=StopIteration),),
    (functools.partial(_fail, error=StopAsyncIteration),),
    (functools.partial(_fail, error=BaseException),),
    (functools.partial(_fail, error=MemoryError),),
    (_Failing().method,),
    (_Failing(),),
    (lambda: 1 / 0,),
    (len,),
    (len, 5),
    (int, "no number"),
    ([].pop,),
    (_fail, _Unprintable()),
    (print, _Unprintable()),
]


def _ways(loop: Any) -> list[Callable[..., Any]]:
    """The ways to schedule a callback that is due at once."""
    return [
        loop.call_soon,
        loop.call_soon_threadsafe,
        functools.partial(loop.call_later, 0),
        functools.partial(loop.call_at, 0),
    ]


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("call", _FAILURES)
def test_the_handler_is_told_what_asyncio_tells(call: tuple[Any, ...], debug: bool) -> None:
    def scenario(loop: Any) -> object:
        loop.set_debug(debug)
        told: list[object] = []
        handles: list[Any] = []

        def handler(given_loop: Any, context: dict[str, Any]) -> None:
            exception = context["exception"]
            told.append(
                [
                    list(context),
                    context["message"],
                    (type(exception), [type(argument) for argument in exception.args]),
                    given_loop is loop,
                    context["handle"] in handles,
                    [frame.name for frame in context.get("source_traceback", ())][-2:],
                ]
            )

        loop.set_exception_handler(handler)
        handles += [way(*call) for way in _ways(loop)]
        run_iteration(loop)
        return told, len(handles)

    assert assert_same_outcome(scenario).raised is None


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("call", _FAILURES)
def test_the_log_says_what_asyncio_s_says(call: tuple[Any, ...], debug: bool, caplog: pytest.LogCaptureFixture) -> None:
    def scenario(loop: Any) -> object:
        loop.set_debug(debug)
        caplog.clear()
        for way in _ways(loop)[:1]:
            way(*call)
        run_iteration(loop)
        return [
            (record.name, record.levelname, record.getMessage(), record.exc_info and record.exc_info[0])
            for record in caplog.records
            if record.levelno > logging.DEBUG
        ]

    with caplog.at_level(logging.DEBUG, "asyncio"):
        assert "Exception in callback" in assert_same_outcome(scenario).text


def test_the_traceback_ends_in_the_callback(each_loop: asyncio.AbstractEventLoop) -> None:
    frames: list[str] = []
    each_loop.set_exception_handler(
        lambda _loop, context: frames.extend(
            frame.name for frame in traceback.extract_tb(context["exception"].__traceback__)
        )
    )

    def outer() -> None:
        _fail()

    each_loop.call_soon(outer)
    run_iteration(each_loop)
    assert frames[-2:] == ["outer", "_fail"]


def test_other_callbacks_run_on(each_loop: asyncio.AbstractEventLoop) -> None:
    ran: list[object] = []
    each_loop.set_exception_handler(lambda _loop, context: ran.append(context["exception"].args[0]))
    for number in range(100):
        each_loop.call_soon(ran.append, number)
        each_loop.call_soon(_fail)
    run_iteration(each_loop)
    assert ran == [item for number in range(100) for item in (number, "expected")]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_leaves_the_loop_and_keeps_the_rest(
    each_loop: asyncio.AbstractEventLoop, error: type[BaseException]
) -> None:
    ran: list[str] = []
    reported: list[object] = []
    each_loop.set_exception_handler(lambda _loop, context: reported.append(context))
    for way in _ways(each_loop):
        each_loop.call_soon(ran.append, "before")
        each_loop.call_soon(each_loop.call_soon, ran.append, "scheduled before")
        way(functools.partial(_fail, error=error))
        way(ran.append, "rest 1")
        way(ran.append, "rest 2")
        with pytest.raises(error):
            each_loop.run_forever()
        assert ran[0] == "before"
        assert not each_loop.is_running()
        assert asyncio._get_running_loop() is None
        each_loop.call_soon(ran.append, "scheduled after")
        run_idle(each_loop)
        assert sorted(ran) == ["before", "rest 1", "rest 2", "scheduled after", "scheduled before"]
        assert ran.index("rest 1") < ran.index("rest 2") < ran.index("scheduled after")
        ran.clear()
    assert reported == []


def test_the_rest_runs_in_order_after_an_interrupt() -> None:
    def scenario(loop: Any) -> object:
        ran: list[str] = []

        def first() -> None:
            ran.append("first")
            loop.call_soon(ran.append, "scheduled by first")
            loop.call_soon_threadsafe(ran.append, "scheduled by first, thread-safely")
            loop.call_later(0, ran.append, "timer of first")

        loop.call_soon(first)
        loop.call_soon(functools.partial(_fail, error=KeyboardInterrupt))
        loop.call_soon(ran.append, "second")
        loop.call_soon(functools.partial(_fail, error=SystemExit))
        loop.call_soon(ran.append, "third")
        for expected in (KeyboardInterrupt, SystemExit):
            with pytest.raises(expected):
                loop.run_forever()
            ran.append(f"left by {expected.__name__}")
            loop.call_soon(ran.append, "scheduled outside")
        run_idle(loop)
        return ran

    assert assert_same_outcome(scenario).raised is None


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_of_a_task_leaves_the_loop(error: type[BaseException]) -> None:
    def scenario(loop: Any) -> object:
        async def fail() -> None:
            await asyncio.sleep(0)
            raise error("from the task")

        task = loop.create_task(fail())
        with pytest.raises(error, match="from the task"):
            loop.run_until_complete(task)
        return task.done(), repr(task.exception()), loop.is_running()

    assert_same_outcome(scenario)


def test_an_interrupt_of_a_reader_leaves_the_loop(each_loop: asyncio.AbstractEventLoop) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        each_loop.add_reader(ours, functools.partial(_fail, error=KeyboardInterrupt))
        theirs.send(b"x")
        with pytest.raises(KeyboardInterrupt):
            each_loop.run_forever()
        assert each_loop.remove_reader(ours)


def test_an_error_of_a_reader_is_reported_and_the_reader_stays() -> None:
    def scenario(loop: Any) -> object:
        told: list[object] = []
        loop.set_exception_handler(lambda _loop, context: told.append((context["message"], list(context))))
        ours, theirs = socket.socketpair()
        with ours, theirs:
            loop.add_reader(ours, _fail, 1)
            theirs.send(b"x")
            run_iteration(loop)
            run_iteration(loop)
            return told, loop.remove_reader(ours)

    assert len(assert_same_outcome(scenario).text) > 50


def test_handlers_of_one_s_own(each_loop: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []

    def handler(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        told.append(context["message"])

    assert each_loop.get_exception_handler() is None
    each_loop.set_exception_handler(handler)
    assert each_loop.get_exception_handler() is handler
    each_loop.call_exception_handler({"message": "by hand"})
    assert told == ["by hand"]
    each_loop.set_exception_handler(None)
    assert each_loop.get_exception_handler() is None
    each_loop.call_exception_handler({"message": "to the log"})
    assert told == ["by hand"]
    assert [record.getMessage() for record in caplog.records] == ["to the log"]


@pytest.mark.parametrize("wrong", [5, "handler", object()])
def test_a_handler_must_be_callable(wrong: object) -> None:
    assert assert_same_outcome(lambda loop: loop.set_exception_handler(wrong)).raised == "TypeError"


def test_a_handler_that_fails_is_reported_by_the_default_one(caplog: pytest.LogCaptureFixture) -> None:
    def failing_handler(_loop: object, _context: object) -> None:
        raise RuntimeError("from the handler")

    def scenario(loop: Any) -> object:
        caplog.clear()
        ran: list[str] = []
        loop.set_exception_handler(failing_handler)
        loop.call_soon(_fail)
        loop.call_soon(ran.append, "ran on")
        run_iteration(loop)
        return ran, [normalised(record.getMessage()).splitlines()[0] for record in caplog.records]

    assert "Unhandled error in exception handler" in assert_same_outcome(scenario).text


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_of_a_handler_leaves_the_loop(
    each_loop: asyncio.AbstractEventLoop, error: type[BaseException]
) -> None:
    ran: list[str] = []

    def interrupt(_loop: object, _context: object) -> None:
        raise error("from the handler")

    each_loop.set_exception_handler(interrupt)
    each_loop.call_soon(_fail)
    each_loop.call_soon(ran.append, "the rest")
    with pytest.raises(error, match="from the handler"):
        each_loop.run_forever()
    assert ran == []
    run_iteration(each_loop)
    assert ran == ["the rest"]


def test_callbacks_start_without_an_exception() -> None:
    def scenario(loop: Any) -> object:
        seen: list[object] = []
        loop.set_exception_handler(lambda _loop, context: seen.append(repr(context["exception"].__context__)))

        def look() -> None:
            seen.append(repr(sys.exc_info()[1]))

        loop.call_soon(_fail)
        loop.call_soon(look)
        loop.call_soon(_fail)
        run_iteration(loop)
        try:
            _fail(error=LookupError)
        except LookupError:
            loop.call_soon(look)
            loop.call_soon(_fail)
            run_iteration(loop)
            seen.append(repr(sys.exc_info()[1]))
        return seen

    assert_same_outcome(scenario)


def test_an_exception_of_a_future_nobody_awaits_is_reported(each_loop: asyncio.AbstractEventLoop) -> None:
    told: list[str] = []
    each_loop.set_exception_handler(lambda _loop, context: told.append(context["message"]))

    async def fail() -> None:
        raise ValueError("never retrieved")

    each_loop.create_task(fail())
    run_idle(each_loop)
    assert told == ["Task exception was never retrieved"]
