"""Callbacks, tasks and timers run in exactly asyncio's order: random programs leave the same trace on both loops."""

from __future__ import annotations

import gc

import pytest

from support.loops import FACTORIES, fresh_loop
from support.random_programs import Trace, trace

# Coroutines whose tasks are cancelled before they begin.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")

LONG_TRACE = 50
"""Lines; few programs are shorter."""


def _trace_on(name: str, seed: int) -> Trace:
    # What the collector finds reports itself to exception handlers, and when it runs is not the loop's doing.
    gc.disable()
    try:
        with fresh_loop(FACTORIES[name]) as loop:
            return trace(loop, seed)
    finally:
        gc.enable()


def test_random_programs_leave_asyncio_s_trace(order_seeds: range) -> None:
    long = 0
    for seed in order_seeds:
        expected = _trace_on("asyncio", seed)
        actual = _trace_on("pyloop", seed)
        differing = next((n for n, pair in enumerate(zip(expected, actual, strict=False)) if pair[0] != pair[1]), None)
        if differing is None and len(expected) == len(actual):
            long += len(expected) > LONG_TRACE
            continue
        line = min(len(expected), len(actual)) if differing is None else differing
        pytest.fail(
            f"the program of seed {seed} differs from line {line} on\n"
            + "\n".join(["asyncio:", *expected[max(line - 8, 0) : line + 4]])
            + "\n".join(["\npyloop:", *actual[max(line - 8, 0) : line + 4]])
        )
    assert long > len(order_seeds) / 2, "the programs have become too short to show anything"


def test_a_program_leaves_the_same_trace_twice() -> None:
    """What the comparison rests on."""
    for seed in range(20):
        assert _trace_on("asyncio", seed) == _trace_on("asyncio", seed)
