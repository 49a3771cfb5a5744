"""Greenlets in a process with a JVM: where a loop cannot run because of them.

A greenlet that is switched away from takes its piece of the C stack along. Where Java's frames of a running loop lie in
it, the machine crashes when it next looks through its stacks. They do not where the loop runs outside of greenlets, and
every greenlet that is resumed meanwhile has begun in one of the run's own callbacks, so behind these frames. One that
began before may have begun anywhere.
"""

from __future__ import annotations

import gc

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_REMEDY = "the native library can (PYLOOP_ENGINE=native)"


def check(package: ModuleType) -> None:
    """Raise ``RuntimeError`` if a run that begins now could crash the process by a switch of the greenlet package's."""
    current = package.getcurrent()
    if current.parent is not None:
        raise RuntimeError(
            "PyLoop's JVM engine runs no loop in a greenlet: to switch away from it would crash the process; " + _REMEDY
        )
    if any(each and each is not current and _root(each) is current for each in _all(package.greenlet)):
        raise RuntimeError(
            "PyLoop's JVM engine runs no loop while a greenlet is suspended that began before: to resume it in a "
            "callback would crash the process. Let it end before, or in the run in which it began; " + _REMEDY
        )


def _all(base: type) -> list[Any]:
    """Every greenlet, of any thread. A JVM's process does not ask for speed where greenlets are loaded."""
    kinds: set[type] = set()
    found: list[type] = [base]
    while found:
        kind = found.pop()
        if kind not in kinds:
            kinds.add(kind)
            found += type.__subclasses__(kind)
    return [each for each in gc.get_objects() if type(each) in kinds]


def _root(greenlet: Any) -> Any:
    """The greenlet that a thread began with, of which this one is a child."""
    while greenlet.parent is not None:
        greenlet = greenlet.parent
    return greenlet
