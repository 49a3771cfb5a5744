"""What CPython's cyclic garbage collector learns of loops, which is Java's to say, and when it must not ask."""

from __future__ import annotations

import ctypes
import gc

from . import _engine

_TP_TRAVERSE = 184  # offset of PyTypeObject.tp_traverse, the same in every supported version
_FULL_COLLECTION = 2  # the oldest generation

_slot = ctypes.c_void_p.from_address(id(_engine.EventLoop) + _TP_TRAVERSE)
_traverse = _slot.value
_pauses = 0


def pause() -> None:
    """Keep collections out of Java until ``resume()`` was called as often as this.

    A loop that is not asked what it refers to keeps that alive, which is harmless.
    """
    global _pauses  # noqa: PLW0603 - as many as threads are forking, and one more for good where the JVM is dead
    _pauses += 1
    _slot.value = None


def resume() -> None:
    """Undo one ``pause()``."""
    global _pauses  # noqa: PLW0603
    _pauses -= 1
    if not _pauses:
        _slot.value = _traverse


def _track_kept_handles(phase: str, collection: dict[str, int]) -> None:
    """Let a full collection find loops that were dropped with handles in a cycle.

    The engine keeps queued handles out of the collector's lists, because most live too short to be worth it.
    """
    if phase == "start" and collection["generation"] == _FULL_COLLECTION and not _pauses:
        _engine.EventLoop._track_kept_handles()


gc.callbacks.append(_track_kept_handles)
