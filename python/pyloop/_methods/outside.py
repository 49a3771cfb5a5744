"""The loop as seen from outside: what a program, or a tool for testing, has replaced on it or on handles.

As long as nothing is replaced, the engine runs the callbacks and asks nobody. The loop finds what is replaced when a
run begins, or with the next poll. Then it hands its queues over to Python, and asyncio's own ``_run_once``, or whatever
stands in its place, runs the callbacks. The engine goes on polling, by ``_selector.select``.
"""

from __future__ import annotations

import asyncio
import functools
import operator
import sys
import threading
from collections import deque

from pyloop import _engine, _stock
from pyloop._for_engine import callbacks, views
from pyloop._observe.methods import ObserveMethods

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from typing import Any

# Methods that asyncio's own code calls, and the engine does not, where callbacks are run.
_RUNNING = ("_add_callback", "_call_soon", "_process_events", "_run_once", "_timer_handle_cancelled")
# Methods that the engine calls, or does itself what they do.
_FOLLOWED = ("call_at", "call_soon", "time")

# Not by its name in asyncio, where a program may put a class of PyLoop's.
_SELECTOR_LOOP: Any = _stock.SelectorEventLoop
# Methods of asyncio's that the engine's stand for: tools replace those of asyncio's classes, too.
_SHADOWED = {
    name: getattr(_SELECTOR_LOOP, name)
    for name in ("_run_once", "_timer_handle_cancelled", "call_at", "call_later", "call_soon", "call_soon_threadsafe")
}
_TIME = _SELECTOR_LOOP.time

_methods_of = operator.attrgetter(*_FOLLOWED, *_RUNNING)
_shadowed_of = operator.attrgetter(*_SHADOWED, "time")
_SHADOWED_TUPLE = _shadowed_of(_SELECTOR_LOOP)

_HANDLES_FILE = asyncio.Handle.__init__.__code__.co_filename
_RUN: Any = asyncio.Handle._run
_IS_STOCK = getattr(getattr(_RUN, "__code__", None), "co_filename", "") == _HANDLES_FILE


class OutsideMethods(ObserveMethods, _engine.EventLoop, _stock.SelectorEventLoop):
    """A part of the event loop class."""

    __slots__ = ()

    _handed_over: bool
    _replaced: set[str]
    _ready: Any
    _scheduled: Any
    _selector: Any
    _stock_methods: dict[str, Any]  # those of the loop class itself, set when it is defined
    _stock_tuple: tuple[Any, ...]  # the same
    _thread_id: int | None
    _untouched: bool  # what was found last
    _watched_files: Any
    _watching: bool

    def _descriptor_of(self, file: Any) -> int:
        return callbacks.descriptor_of(self, file)  # type: ignore[arg-type]  # a part of it

    def _begin_run(self, *, outermost: bool) -> None:
        """Take note that a run begins, or that one of several goes on."""
        self._set("_main_thread", self._thread_id == threading.main_thread().ident)
        self._note_run()
        if not self._look_from_outside() and outermost and self._handed_over:
            self._close_queues()

    def _look_from_outside(self) -> bool:
        """Look what is replaced; tell whether only asyncio's own code can honour it, which then runs the callbacks."""
        if not self._watching or self._closed:
            return False
        untouched = not self._replaced and self._is_untouched()
        if untouched and self._untouched and not self._handed_over:
            return False
        self._untouched = untouched
        kind, methods = type(self), self._stock_methods
        for name in _FOLLOWED:
            self._set(name, name in self._replaced or getattr(kind, name) is not methods[name])
        self._set("_stock_time", _SELECTOR_LOOP.time is not _TIME)
        reason = self._reason(kind, methods)
        if reason and not self._handed_over:
            self._open_queues(reason)
        elif self._handed_over:
            self._settle_run_once()
        return bool(reason)

    def _is_untouched(self) -> bool:
        """Tell, in the least time, whether nothing at all is replaced on any class or on the selector."""
        return (
            _methods_of(type(self)) == self._stock_tuple
            and _shadowed_of(_SELECTOR_LOOP) == _SHADOWED_TUPLE
            and _IS_STOCK
            and asyncio.Handle._run is _RUN
            and asyncio.TimerHandle._run is _RUN
            and "select" not in self._selector.__dict__
        )

    def _reason(self, kind: type, methods: dict[str, Any]) -> str:
        for name in _RUNNING:
            if name in self._replaced or getattr(kind, name) is not methods[name]:
                return f"{name} is replaced"
        for name, method in _SHADOWED.items():
            if getattr(_SELECTOR_LOOP, name) is not method:
                return f"{name} of asyncio's own loops is replaced"
        if not (_is_stock_run(asyncio.Handle) and _is_stock_run(asyncio.TimerHandle)):
            return "Handle._run is replaced"
        if "select" in self._selector.__dict__:
            return "the select() of its selector is replaced"
        return ""

    def _open_queues(self, reason: str) -> tuple[deque[asyncio.Handle], list[asyncio.TimerHandle]]:
        """Hand the queues over to Python, unless they are, and return them."""
        if not self._handed_over:
            views = self._ready, self._scheduled
            ready: deque[asyncio.Handle] = deque()
            scheduled: list[asyncio.TimerHandle] = []
            self._scheduled.settle()
            self._assign("_ready", ready)
            self._assign("_scheduled", scheduled)
            try:
                self._hand_over(ready.append, scheduled.append)
            except BaseException:
                self._assign("_ready", views[0])
                self._assign("_scheduled", views[1])
                self._take_back(list(ready), scheduled)
                raise
            self._handed_over = True
            self._settle_run_once()
            self._timer_cancelled_count = sum(timer.cancelled() for timer in scheduled)
            _stock.logger.debug("%r: compatible run: %s", self, reason)
        return self._ready, self._scheduled

    def _close_queues(self) -> None:
        """Give the queues back to the engine, unless somebody else has them too."""
        if type(self._ready) is not deque or type(self._scheduled) is not list:
            return
        if sys.getrefcount(self._ready) > 2 or sys.getrefcount(self._scheduled) > 2:
            return
        if not all(isinstance(getattr(timer, "_when", None), (float, int)) for timer in self._scheduled):
            return  # Somebody has changed a timer, and asyncio's code knows what becomes of it.
        self._take_back(list(self._ready), self._scheduled)
        self._handed_over = False
        self._settle_run_once()
        self._assign("_ready", views.ReadyQueue(self))  # type: ignore[arg-type]
        self._assign("_scheduled", views.Timers(self))  # type: ignore[arg-type]
        self._timer_cancelled_count = 0
        _stock.logger.debug("%r: PyLoop's engine runs the callbacks again", self)

    def _drop_views(self) -> None:
        """Have the loop, which is closed, refer to nothing that refers to it."""
        if _is_ours(self._run_once):
            super().__delattr__("_run_once")
        self._assign("_ready", deque())
        self._assign("_scheduled", [])

    def _settle_run_once(self) -> None:
        """Have ``_run_once`` be asyncio's own while the queues are handed over, unless the program has replaced it.

        Not by the engine's method, whose frame would lie under all callbacks.
        """
        replaced = "_run_once" in self._replaced or type(self)._run_once is not self._stock_methods["_run_once"]
        there = _is_ours(self._run_once)
        if self._handed_over and not replaced and not there:
            self._assign("_run_once", functools.partial(_SELECTOR_LOOP._run_once, self))
        elif there and (replaced or not self._handed_over):
            super().__delattr__("_run_once")

    def _assign(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _NOTED:
            super().__setattr__(name, value)
        elif name in _STATE:
            super().__setattr__(name, value)
            self._set(name, value)
        elif not self._watching:
            super().__setattr__(name, value)
        elif name == "_thread_id":
            outermost = self._thread_id is None
            super().__setattr__(name, value)
            if value is not None:
                self._begin_run(outermost=outermost)
        elif name == "_selector":
            if value is not None or not self._closed:
                raise AttributeError(
                    "PyLoop polls by itself: the selector of a loop cannot be replaced, but its method select() can"
                )
            super().__setattr__(name, value)
        elif name in ("_ready", "_scheduled"):
            self._open_queues(f"{name} is replaced")
            super().__setattr__(name, value)
        else:
            super().__setattr__(name, value)
            if _is_ours(value):
                self._replaced.discard(name)
            elif name != "__class__":
                self._replaced.add(name)
            self._look_from_outside()

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name in self._replaced:
            self._replaced.discard(name)
            self._look_from_outside()


def _is_stock_run(kind: Any) -> bool:
    """Tell whether handles run as asyncio has it; a tool may have replaced that before this module was imported."""
    run = kind._run
    return run is _RUN if _IS_STOCK else getattr(getattr(run, "__code__", None), "co_filename", "") == _HANDLES_FILE


def _is_ours(method: Any) -> bool:
    """Tell whether a method is the one that an object of the loop has while its queues are handed over."""
    return isinstance(method, functools.partial) and method.func is _SELECTOR_LOOP._run_once


# Attributes that inherited code sets and the engine must know.
_STATE = frozenset({"_closed", "_debug", "_forever", "_internal_fds", "_stopping", "_task_factory"})
_NOTED = frozenset({"__class__", "_ready", "_scheduled", "_selector", "_thread_id", *_FOLLOWED, *_RUNNING, *_STATE})


def remember_methods(kind: Any) -> None:
    """Remember the methods of the class of loops, as nobody has replaced them."""
    kind._stock_methods = {name: getattr(kind, name) for name in (*_FOLLOWED, *_RUNNING)}
    kind._stock_tuple = _methods_of(kind)
