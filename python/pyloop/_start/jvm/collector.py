"""Keeps CPython's cyclic garbage collector, which asks loops what they refer to, out of a Java that does not answer."""

from __future__ import annotations

import ctypes

from pyloop._start import collector

_TP_TRAVERSE = 184  # offset of PyTypeObject.tp_traverse, the same in every supported version

_slot: ctypes.c_void_p
_traverse: int | None
_pauses = 0


def attach(engine_class: type) -> None:
    """Take note of the engine's class of loops; before the first ``pause()``."""
    global _slot, _traverse  # noqa: PLW0603 - as there is one such class
    _slot = ctypes.c_void_p.from_address(id(engine_class) + _TP_TRAVERSE)
    _traverse = _slot.value


def pause() -> None:
    """Keep collections out of Java until ``resume()`` was called as often as this.

    A loop that is not asked what it refers to keeps that alive, which is harmless.
    """
    global _pauses  # noqa: PLW0603 - as many as threads are forking, and one more for good where the JVM is dead
    _pauses += 1
    collector.quiet = True
    _slot.value = None


def resume() -> None:
    """Undo one ``pause()``."""
    global _pauses  # noqa: PLW0603
    _pauses -= 1
    if not _pauses:
        _slot.value = _traverse
        collector.quiet = False
