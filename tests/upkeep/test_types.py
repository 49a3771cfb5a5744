"""What type checkers make of the public names: `make lint` checks this file, which tells what a program may rely on.

Under `mypy --strict`, an `ignore` that hides nothing is an error too, so every mistake below is one that is found.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import assert_type

import pytest

import pyloop


async def _answer() -> int:
    await asyncio.sleep(0)
    return 42


def _note(number: int, word: str) -> None:
    pass


def test_the_type_of_a_result_is_that_of_the_program() -> None:
    assert assert_type(pyloop.run(_answer()), int) == 42
    assert assert_type(pyloop.run(_answer(), debug=False, loop_factory=pyloop.EventLoop), int) == 42
    assert assert_type(pyloop.run(_answer(), loop_factory=asyncio.SelectorEventLoop), int) == 42
    with asyncio.Runner(loop_factory=pyloop.new_event_loop) as runner:
        assert assert_type(runner.run(_answer()), int) == 42


def test_a_loop_is_asyncio_s_kind_of_loop() -> None:
    loop = pyloop.new_event_loop()
    assert_type(loop, pyloop.EventLoop)
    assert_type(pyloop.EventLoop(), pyloop.EventLoop).close()
    abstract: asyncio.AbstractEventLoop = loop
    selecting: asyncio.SelectorEventLoop = loop
    assert assert_type(loop.run_until_complete(_answer()), int) == 42
    assert abstract is selecting
    loop.close()


def test_callbacks_are_checked_against_their_arguments(loop: asyncio.AbstractEventLoop) -> None:
    assert isinstance(loop, pyloop.EventLoop)
    handle: asyncio.Handle = loop.call_soon(_note, 1, "word")
    handle = loop.call_soon_threadsafe(_note, 1, "word")
    timer: asyncio.TimerHandle = loop.call_later(0, _note, 1, "word")
    timer = loop.call_at(loop.time(), _note, 1, "word")
    assert_type(timer.when(), float)
    assert_type(loop.time(), float)
    loop.call_soon(_note, "word", 1).cancel()  # type: ignore[arg-type]
    loop.call_later(0, _note, 1).cancel()  # type: ignore[arg-type]
    handle.cancel()
    timer.cancel()


def test_a_policy_is_asyncio_s_kind_of_policy() -> None:
    policy: asyncio.AbstractEventLoopPolicy = pyloop.EventLoopPolicy()
    made: asyncio.AbstractEventLoop = policy.new_event_loop()
    made.close()


def test_a_name_that_is_not_there_is_found_out() -> None:
    with pytest.raises(AttributeError):
        pyloop.no_such_name  # type: ignore[attr-defined]  # noqa: B018


def test_the_package_says_that_it_is_typed() -> None:
    package = Path(pyloop.__file__).parent
    assert (package / "py.typed").exists()
    assert_type(pyloop.__version__, str)
