"""The two loops every promise is held against: the interpreter's own, which proves the expectation, and PyLoop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import pyloop

LoopFactory: TypeAlias = Callable[[], asyncio.AbstractEventLoop]

STOCK: Final[LoopFactory] = asyncio.SelectorEventLoop
PYLOOP: Final[LoopFactory] = pyloop.new_event_loop

FACTORIES: Final[dict[str, LoopFactory]] = {"asyncio": STOCK, "pyloop": PYLOOP}

CLASSES: Final[dict[str, Any]] = {"asyncio": asyncio.SelectorEventLoop, "pyloop": pyloop.EventLoop}
"""The loop classes, for tests that derive from them; a base chosen at run time cannot be typed."""


@contextlib.contextmanager
def fresh_loop(factory: LoopFactory) -> Iterator[asyncio.AbstractEventLoop]:
    """A loop from `factory`, closed when the block ends."""
    loop = factory()
    try:
        yield loop
    finally:
        loop.close()


def run_iteration(loop: asyncio.AbstractEventLoop) -> None:
    """Run exactly one iteration of `loop`: what is ready now, and the timers and descriptors that are due."""
    loop.stop()
    loop.run_forever()


def run_idle(loop: asyncio.AbstractEventLoop, *, iterations: int = 20) -> None:
    """Run `loop` for some iterations, enough for short chains of callbacks to come to rest."""
    for _ in range(iterations):
        run_iteration(loop)


def collect_until(done: Callable[[], bool], *, attempts: int = 5) -> bool:
    """Collect garbage until `done` is true: a finaliser may make garbage of its own. Returns whether it came true."""
    for _ in range(attempts):
        if done():
            return True
        gc.collect()
    return done()
