"""Tuples of callbacks' arguments: the engine uses them again, and a program sees nothing of that."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest

from support.loops import LoopFactory, run_idle, run_iteration


class _Node:
    """Something that can be part of a cycle and weakly referred to."""

    def __init__(self) -> None:
        self.kept: Any = None


def _ignore(*_arguments: object) -> None:
    pass


@pytest.mark.parametrize("count", range(6))
def test_each_callback_gets_its_own_arguments(each_loop: asyncio.AbstractEventLoop, count: int) -> None:
    seen: list[tuple[object, ...]] = []
    expected = [tuple(f"{number}.{index}" for index in range(count)) for number in range(100)]
    for arguments in expected:
        each_loop.call_soon(lambda *given: seen.append(given), *arguments)
    run_iteration(each_loop)
    assert seen == expected


def test_arguments_that_a_program_has_looked_at_stay(each_loop: asyncio.AbstractEventLoop) -> None:
    handle: Any = each_loop.call_soon(_ignore, "looked", "at")
    looked_at = handle._args
    del handle
    run_iteration(each_loop)
    others: list[Any] = [each_loop.call_soon(_ignore, "another", number) for number in range(10)]
    assert looked_at == ("looked", "at")
    assert all(other._args is not looked_at for other in others)
    run_iteration(each_loop)


def test_hashes_are_those_of_the_items(each_loop: asyncio.AbstractEventLoop) -> None:
    for number in range(10):
        handle: Any = each_loop.call_soon(_ignore, number)
        assert hash(handle._args) == hash((number,))
        del handle
        run_iteration(each_loop)


def test_a_cycle_through_the_arguments_of_a_kept_handle_is_garbage(each_loop: asyncio.AbstractEventLoop) -> None:
    node = _Node()
    node.kept = each_loop.call_soon(_ignore, node)
    gone = weakref.ref(node)
    del node
    run_iteration(each_loop)
    gc.collect()
    assert gone() is None


def test_a_cycle_through_arguments_that_are_kept_is_garbage(each_loop: asyncio.AbstractEventLoop) -> None:
    node = _Node()
    handle: Any = each_loop.call_soon(_ignore, node)
    node.kept = handle._args
    gone = weakref.ref(node)
    del node, handle
    run_iteration(each_loop)
    gc.collect()
    assert gone() is None


def test_a_cycle_through_the_arguments_of_a_cancelled_timer_is_garbage(each_loop: asyncio.AbstractEventLoop) -> None:
    node = _Node()
    node.kept = each_loop.call_later(3600, _ignore, node)
    gone = weakref.ref(node)
    node.kept.cancel()
    del node
    run_iteration(each_loop)
    gc.collect()
    assert gone() is None


def test_arguments_of_a_closed_loop_are_garbage(each_factory: LoopFactory) -> None:
    loop = each_factory()
    node = _Node()
    node.kept = loop
    loop.call_soon(_ignore, node)
    loop.call_later(3600, _ignore, node, node, node)
    gone = weakref.ref(node)
    loop.close()
    del node, loop
    gc.collect()
    assert gone() is None


def test_a_destructor_of_an_argument_may_schedule(each_loop: asyncio.AbstractEventLoop) -> None:
    seen: list[int] = []

    class Scheduling:
        def __init__(self, left: int) -> None:
            self.left = left

        def __del__(self) -> None:
            if self.left:
                each_loop.call_soon(seen.append, self.left)
                each_loop.call_soon(_ignore, Scheduling(self.left - 1), Scheduling(self.left - 1))

    each_loop.call_soon(_ignore, Scheduling(4), Scheduling(4))
    run_idle(each_loop)
    assert sorted(seen) == sorted(left for left in range(1, 5) for _ in range(2 ** (5 - left)))


def test_a_callback_that_cancels_its_own_handle_keeps_its_arguments(each_loop: asyncio.AbstractEventLoop) -> None:
    handles: list[asyncio.Handle] = []
    seen: list[object] = []

    def cancel(first: object, second: object) -> None:
        handles.pop().cancel()
        for number in range(10):
            each_loop.call_soon(_ignore, number, number)
        seen.append((first, second))

    handles.append(each_loop.call_soon(cancel, "first", "second"))
    run_idle(each_loop)
    assert seen == [("first", "second")]
