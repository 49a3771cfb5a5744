"""Asynchronous generators that are dropped or left unfinished are closed by the loop they ran on."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from support.loops import run_idle
from support.outcomes import assert_same_outcome


async def _numbers(log: list[str], name: str = "numbers") -> AsyncGenerator[int, None]:
    """A generator that takes a turn of the loop to close."""
    try:
        for number in range(100):
            yield number
    finally:
        await asyncio.sleep(0)
        log.append(f"{name} closed")


def test_shutdown_closes_what_is_unfinished(each_loop: asyncio.AbstractEventLoop) -> None:
    log: list[str] = []
    generators = [_numbers(log, f"generator {number}") for number in range(3)]

    async def main() -> None:
        for generator in generators:
            assert await anext(generator) == 0

    each_loop.run_until_complete(main())
    assert log == []
    each_loop.run_until_complete(each_loop.shutdown_asyncgens())
    assert sorted(log) == [f"generator {number} closed" for number in range(3)]


def test_a_generator_dropped_while_the_loop_runs_is_closed(each_loop: asyncio.AbstractEventLoop) -> None:
    log: list[str] = []

    async def main() -> None:
        async for number in _numbers(log):
            if number == 3:
                break
        gc.collect()
        for _ in range(5):
            await asyncio.sleep(0)
        assert log == ["numbers closed"]

    each_loop.run_until_complete(main())
    each_loop.run_until_complete(each_loop.shutdown_asyncgens())
    assert log == ["numbers closed"]


def test_a_finished_generator_needs_no_closing(each_loop: asyncio.AbstractEventLoop) -> None:
    log: list[str] = []

    async def main() -> int:
        total = 0
        async for number in _numbers(log):
            total += number
        return total

    assert each_loop.run_until_complete(main()) == 4950
    assert log == ["numbers closed"]
    each_loop.run_until_complete(each_loop.shutdown_asyncgens())
    assert log == ["numbers closed"]


def test_the_hooks_are_the_loop_s_only_while_it_runs(each_loop: asyncio.AbstractEventLoop) -> None:
    seen: list[Any] = []

    def first_iteration(_generator: object) -> None:
        """A hook of the program's own."""

    outer = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(firstiter=first_iteration)
    try:
        each_loop.call_soon(lambda: seen.append(sys.get_asyncgen_hooks()))
        run_idle(each_loop)
        assert sys.get_asyncgen_hooks().firstiter is first_iteration
    finally:
        sys.set_asyncgen_hooks(*outer)
    assert seen[0].firstiter is not first_iteration
    assert callable(seen[0].firstiter)
    assert callable(seen[0].finalizer)


def test_an_error_while_closing_is_reported() -> None:
    def scenario(loop: Any) -> object:
        told: list[object] = []
        loop.set_exception_handler(
            lambda _loop, context: told.append((context["message"], repr(context["exception"]), sorted(context)))
        )

        async def failing() -> AsyncGenerator[int, None]:
            try:
                yield 1
            finally:
                raise LookupError("while closing")

        generator = failing()

        async def main() -> None:
            await anext(generator)

        loop.run_until_complete(main())
        loop.run_until_complete(loop.shutdown_asyncgens())
        return told

    assert "an error occurred during closing of asynchronous generator" in assert_same_outcome(scenario).text


def test_a_generator_started_after_the_shutdown_warns(each_loop: asyncio.AbstractEventLoop) -> None:
    each_loop.run_until_complete(each_loop.shutdown_asyncgens())
    generator = _numbers([])

    async def main() -> None:
        await anext(generator)
        await generator.aclose()

    with pytest.warns(ResourceWarning, match="was scheduled after loop.shutdown_asyncgens"):
        each_loop.run_until_complete(main())


def test_run_shuts_generators_down(each_factory: Any) -> None:
    log: list[str] = []
    generator = _numbers(log)

    async def main() -> None:
        await anext(generator)

    with asyncio.Runner(loop_factory=each_factory) as runner:
        runner.run(main())
        assert log == []
    assert log == ["numbers closed"]
