"""Comparing what a scenario does on the interpreter's own loop with what it does on PyLoop."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import pyloop
from support.loops import PYLOOP, STOCK, LoopFactory, fresh_loop

_ADDRESS: Final = re.compile(r"0x[0-9a-f]+")
_LOOP_CLASS: Final = re.compile(
    rf"(?<=<)(?:\w+\.)*(?:{asyncio.SelectorEventLoop.__name__}|{pyloop.EventLoop.__name__})\b"
)


def normalised(text: str) -> str:
    """`text` without what must differ between two runs: object addresses and the name of the loop's class."""
    return _LOOP_CLASS.sub("LOOP", _ADDRESS.sub("0x", text))


@dataclass(frozen=True)
class Outcome:
    """How a call ended: the type and message of what it raised, or the text of what it returned."""

    raised: str | None
    text: str


def outcome_of(call: Callable[[], object]) -> Outcome:
    """The outcome of `call`, which may raise anything but an interrupt of the test itself."""
    try:
        returned = call()
    except Exception as error:
        return Outcome(type(error).__name__, normalised(str(error)))
    return Outcome(None, normalised(repr(returned)))


def outcome_on(factory: LoopFactory, scenario: Callable[[Any], object]) -> Outcome:
    """The outcome of `scenario`, given a fresh loop from `factory`. The loop is untyped: misuse is a scenario too."""
    with fresh_loop(factory) as loop:
        return outcome_of(lambda: scenario(loop))


def assert_same_outcome(scenario: Callable[[Any], object]) -> Outcome:
    """Check that `scenario` ends on PyLoop as it does on the interpreter's own loop, to the letter of the message."""
    # Both on one line of this file, because tracebacks are compared too.
    expected, actual = [outcome_on(factory, scenario) for factory in (STOCK, PYLOOP)]
    assert actual == expected, f"PyLoop: {actual}, but asyncio: {expected}"
    return expected


def assert_same_kind(scenario: Callable[[Any], object]) -> Outcome:
    """Check that `scenario` returns the same on both loops, or raises the same type, in words of the loop's own."""
    expected, actual = (outcome_on(factory, scenario) for factory in (STOCK, PYLOOP))
    if expected.raised is not None:
        actual = replace(actual, text=expected.text)
    assert actual == expected, f"PyLoop: {actual}, but asyncio: {expected}"
    return expected


def assert_same_exception_type(scenario: Callable[[Any], object]) -> str:
    """Check that `scenario` raises on both loops, and the same type."""
    raised = assert_same_kind(scenario).raised
    assert raised is not None, "the scenario is expected to raise on the interpreter's own loop"
    return raised
