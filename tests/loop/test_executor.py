"""run_in_executor hands work to threads or processes and brings the results back."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import sys
import threading
from typing import Any

import pytest

from support.outcomes import assert_same_outcome
from support.programs import HANG_SECONDS
from support.streams import run


def test_results_and_errors_come_back(each_loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> tuple[int, str]:
        square = await each_loop.run_in_executor(None, pow, 7, 2)
        try:
            await each_loop.run_in_executor(None, int, "no number")
        except ValueError as error:
            return square, str(error)
        return square, "no error"

    square, message = each_loop.run_until_complete(main())
    assert square == 49
    assert "invalid literal" in message
    each_loop.run_until_complete(each_loop.shutdown_default_executor())


def test_many_calls_come_back(each_loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> list[int]:
        return await asyncio.gather(*(each_loop.run_in_executor(None, pow, number, 2) for number in range(500)))

    assert each_loop.run_until_complete(main()) == [number * number for number in range(500)]
    each_loop.run_until_complete(each_loop.shutdown_default_executor())


def test_the_loop_goes_on_while_a_thread_works(each_loop: asyncio.AbstractEventLoop) -> None:
    released = threading.Event()

    async def main() -> int:
        waiting = each_loop.run_in_executor(None, released.wait, HANG_SECONDS)
        turns = 0
        while not waiting.done() and turns < 100:
            await asyncio.sleep(0)
            turns += 1
        released.set()
        assert await waiting
        return turns

    assert each_loop.run_until_complete(main()) == 100
    each_loop.run_until_complete(each_loop.shutdown_default_executor())


def test_an_executor_of_one_s_own(each_loop: asyncio.AbstractEventLoop) -> None:
    with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="own") as executor:

        async def main() -> str:
            return await each_loop.run_in_executor(executor, lambda: threading.current_thread().name)

        assert each_loop.run_until_complete(main()).startswith("own")
        each_loop.set_default_executor(executor)

        async def by_default() -> str:
            return await each_loop.run_in_executor(None, lambda: threading.current_thread().name)

        assert each_loop.run_until_complete(by_default()).startswith("own")
        each_loop.run_until_complete(each_loop.shutdown_default_executor())


def test_to_thread_takes_the_context_along(each_loop: asyncio.AbstractEventLoop) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")

    async def main() -> str:
        variable.set("of the task")
        return await asyncio.to_thread(variable.get)

    assert each_loop.run_until_complete(main()) == "of the task"
    each_loop.run_until_complete(each_loop.shutdown_default_executor())


def test_a_cancelled_call_is_cancelled(each_loop: asyncio.AbstractEventLoop) -> None:
    release = threading.Event()

    async def main() -> bool:
        with concurrent.futures.ThreadPoolExecutor(1) as executor:
            first = each_loop.run_in_executor(executor, release.wait, HANG_SECONDS)
            second = each_loop.run_in_executor(executor, print, "never")
            second.cancel()
            release.set()
            await first
            return second.cancelled()

    assert each_loop.run_until_complete(main())


def test_after_the_shutdown_there_is_no_default_executor() -> None:
    def scenario(loop: Any) -> object:
        loop.run_until_complete(loop.shutdown_default_executor())
        return loop.run_in_executor(None, print)

    assert assert_same_outcome(scenario).raised == "RuntimeError"


@pytest.mark.parametrize("wrong", [5, "executor", object()])
def test_the_default_executor_must_be_a_thread_pool(wrong: object) -> None:
    assert assert_same_outcome(lambda loop: loop.set_default_executor(wrong)).raised == "TypeError"


def test_coroutines_and_other_non_callables_are_refused_in_debug_mode() -> None:
    def scenario(loop: Any) -> object:
        loop.set_debug(True)
        return loop.run_in_executor(None, asyncio.sleep)

    assert assert_same_outcome(scenario).raised == "TypeError"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="a keyword of Python 3.12")
def test_a_thread_that_ends_in_time(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        loop: Any = each_loop
        assert await loop.run_in_executor(None, str, 5) == "5"
        await loop.shutdown_default_executor(timeout=30)

    run(each_loop, scenario())


@pytest.mark.skipif(sys.version_info < (3, 13), reason="asyncio's timeout has no effect in Python 3.12.1")
def test_a_thread_that_does_not_end_in_time(each_loop: asyncio.AbstractEventLoop) -> None:
    """The loop warns and goes on without it."""
    release = threading.Event()

    async def scenario() -> None:
        loop: Any = each_loop
        working = loop.run_in_executor(None, release.wait)
        try:
            with pytest.warns(RuntimeWarning, match="joining its threads within 0.01 seconds"):
                await loop.shutdown_default_executor(timeout=0.01)
        finally:
            release.set()
        await working

    run(each_loop, scenario())
