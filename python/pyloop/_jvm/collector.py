"""Keeps CPython's cyclic garbage collector, which asks loops what they refer to, out of a Java that does not answer."""

from __future__ import annotations

import ctypes

from pyloop import _collector, _engine

_TP_TRAVERSE = 184  # offset of PyTypeObject.tp_traverse, the same in every supported version

_slot = ctypes.c_void_p.from_address(id(_engine.EventLoop) + _TP_TRAVERSE)
_traverse = _slot.value
_pauses = 0


def pause() -> None:
    """Keep collections out of Java until ``resume()`` was called as often as this.

    A loop that is not asked what it refers to keeps that alive, which is harmless.
    """
    global _pauses  # noqa: PLW0603 - as many as threads are forking, and one more for good where the JVM is dead
    _pauses += 1
    _collector.quiet = True
    _slot.value = None


def resume() -> None:
    """Undo one ``pause()``."""
    global _pauses  # noqa: PLW0603
    _pauses -= 1
    if not _pauses:
        _slot.value = _traverse
        _collector.quiet = False
