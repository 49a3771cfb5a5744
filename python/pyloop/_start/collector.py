"""Tells CPython's cyclic garbage collector of handles that the engine keeps out of its lists.

Most handles live too briefly to be worth tracking. Before a full collection the engine has its queued handles tracked.
So the collector finds loops that were dropped with handles in a cycle.
"""

from __future__ import annotations

import gc

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from pyloop import _engine

quiet = False
"""Whether the engine must not be asked: in the child of a fork, or about to be, where it does not survive one."""

_FULL_COLLECTION = 2  # the oldest generation


def install(engine_class: type[_engine.EventLoop]) -> None:
    """Have the engine's class of loops asked before every full collection from now on."""

    def track_kept_handles(phase: str, collection: dict[str, int]) -> None:
        if phase == "start" and collection["generation"] == _FULL_COLLECTION and not quiet:
            try:  # noqa: SIM105 - where no stack is left, entering a context fails, too
                engine_class._track_kept_handles()
            except RecursionError:
                pass  # the next collection will find what this one does not

    gc.callbacks.append(track_kept_handles)
