"""Tells CPython's cyclic garbage collector of handles that the engine keeps out of its lists.

Most handles live too short to be worth being tracked. So loops that were dropped with handles in a cycle are found only
because the engine has its queued handles tracked before a full collection.
"""

from __future__ import annotations

import gc

from . import _engine

quiet = False
"""Whether the engine must not be asked: in the child of a fork, or about to be, where it does not survive one."""

_FULL_COLLECTION = 2  # the oldest generation


def install() -> None:
    """Have the engine asked before every full collection from now on."""
    gc.callbacks.append(_track_kept_handles)


def _track_kept_handles(phase: str, collection: dict[str, int]) -> None:
    if phase == "start" and collection["generation"] == _FULL_COLLECTION and not quiet:
        try:  # noqa: SIM105 - where no stack is left, entering a context fails, too
            _engine.EventLoop._track_kept_handles()
        except RecursionError:
            pass  # what this collection does not find the next one will
