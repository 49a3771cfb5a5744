"""The engine as a native library in this process. Nothing else has to start, and a fork breaks nothing.

A forked child goes on with copies of the parent's loops. A copy shares its poller and the pipes that wake it with its
original. The child replaces them before anything else runs there, so it can neither wake the parent nor take what was
meant for it. The loop that forks may have put off writes until the end of its iteration. It sends them before the fork,
for the copy would send them once more.
"""

from __future__ import annotations

import asyncio
import os
import weakref

from pyloop import _native

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Final

    from pyloop._loop import EventLoop

NAME: Final = "native"

# By their ids, for a derived class may have another notion of equality.
_loops: weakref.WeakValueDictionary[int, EventLoop] = weakref.WeakValueDictionary()


def start(engine: ModuleType, max_heap: int) -> None:
    """See ``_start.choice.Runtime``."""
    _native.start(engine, max_heap)


def loop_class_defined(loop_class: type[EventLoop], _: Sequence[type]) -> None:
    """See ``_start.choice.Runtime``."""

    def send() -> None:
        loop = asyncio._get_running_loop()
        if isinstance(loop, loop_class):
            loop._before_fork()

    os.register_at_fork(before=send, after_in_child=_renew_loops)


def loop_made(loop: EventLoop) -> None:
    """See ``_start.choice.Runtime``."""
    _loops[id(loop)] = loop


def prepare() -> None:
    """See ``_start.choice.Runtime``."""


def before_run() -> None:
    """See ``_start.choice.Runtime``."""


def forked() -> bool:
    """See ``_start.choice.Runtime``; it survives every fork."""
    return False


def _renew_loops() -> None:
    failure = None
    for loop in list(_loops.values()):
        if not loop.is_closed():
            try:
                loop._after_fork()
            except OSError as error:
                failure = error  # of one loop, and the others must not go on with the parent's for it
    if failure is not None:
        raise failure
