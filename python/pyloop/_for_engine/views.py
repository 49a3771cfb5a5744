"""Views of the engine's queues and poller. They stand where asyncio's loops have their queues and their selector.

A view shows real handles, as they are when somebody looks. When somebody changes a view, the loop hands its queues over
to Python. From then on asyncio's own code runs the callbacks, with a deque and a list of its own (see
``_methods.outside``), and the views show these.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Mapping

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterator
    from typing import Any

    from pyloop._loop import EventLoop


class Turn(asyncio.Handle):
    """The turn of a transport, an acceptor or a future, where asyncio has a handle of one of its own methods."""

    __slots__ = ()

    _loop: Any

    def __init__(self, loop: EventLoop, source: Any, kind: int) -> None:
        super().__init__(loop._run_turn, (source, kind), loop)

    def cancel(self) -> None:
        """Cancel the turn, where asyncio's own code runs the callbacks.

        Raises:
            RuntimeError: the engine runs them, which has nothing to cancel.
        """
        if not self._loop._handed_over:
            raise RuntimeError(
                "this handle stands for the turn of a transport in PyLoop's engine and cannot be cancelled; close the "
                "transport, or remove the reader"
            )
        super().cancel()


class ReadyQueue:
    """The callbacks that are ready to run; a view."""

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop

    def append(self, handle: asyncio.Handle) -> None:
        if self._loop._handed_over:
            self._loop._ready.append(handle)
        else:
            self._loop._enqueue(handle)

    def clear(self) -> None:
        if self._loop.is_closed():
            self._loop._clear()
        else:
            self._queue().clear()

    def _handles(self) -> list[asyncio.Handle]:
        if self._loop._handed_over:
            return list(self._loop._ready)
        handles: list[asyncio.Handle] = []
        self._loop._show_ready(handles.append)
        return handles

    def _queue(self) -> deque[asyncio.Handle]:
        return self._loop._open_queues("its queue of callbacks was changed")[0]

    def __len__(self) -> int:
        return len(self._loop._ready) if self._loop._handed_over else self._loop._ready_count()

    def __iter__(self) -> Iterator[asyncio.Handle]:
        return iter(self._handles())

    def __reversed__(self) -> Iterator[asyncio.Handle]:
        return reversed(self._handles())

    def __contains__(self, handle: object) -> bool:
        return handle in self._handles()

    def __getitem__(self, index: int) -> asyncio.Handle:
        return self._handles()[index]

    def __setitem__(self, index: int, handle: asyncio.Handle) -> None:
        self._queue()[index] = handle

    def __delitem__(self, index: int) -> None:
        del self._queue()[index]

    def __repr__(self) -> str:
        return f"deque({self._handles()!r})"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._queue(), name)


class Timers(list):  # type: ignore[type-arg]  # of handles
    """The timers, the next one first and the others in no particular order; a view.

    A list itself, because asyncio's ``call_at`` enters timers in it with a C function that takes nothing else: what is
    in there for a moment is scheduled then.
    """

    __slots__ = ("_loop",)

    def __init__(self, loop: EventLoop) -> None:
        super().__init__()
        self._loop = loop

    def settle(self) -> None:
        """Schedule what was entered in the list itself."""
        entered = list.copy(self)
        list.clear(self)
        for timer in entered:
            self._loop._schedule(timer)

    def clear(self) -> None:
        list.clear(self)
        if not self._loop.is_closed():
            self._list().clear()

    def _handles(self) -> list[asyncio.TimerHandle]:
        if self._loop._handed_over:
            scheduled: list[asyncio.TimerHandle] = self._loop._scheduled
            return scheduled
        self.settle()
        handles: list[asyncio.TimerHandle] = []
        self._loop._show_timers(handles.append)
        return handles

    def _list(self) -> list[asyncio.TimerHandle]:
        return self._loop._open_queues("its list of timers was changed")[1]


def _reading(name: str) -> Callable[..., Any]:
    def read(self: Timers, *arguments: Any, **keywords: Any) -> Any:
        return getattr(self._handles(), name)(*arguments, **keywords)

    return read


def _changing(name: str) -> Callable[..., Any]:
    def change(self: Timers, *arguments: Any, **keywords: Any) -> Any:
        return getattr(self._list(), name)(*arguments, **keywords)

    return change


for _name in ("__add__", "__contains__", "__eq__", "__ge__", "__getitem__", "__gt__", "__iter__", "__le__", "__len__"):
    setattr(Timers, _name, _reading(_name))
for _name in ("__lt__", "__mul__", "__ne__", "__repr__", "__reversed__", "__rmul__", "copy", "count", "index"):
    setattr(Timers, _name, _reading(_name))
for _name in ("__delitem__", "__iadd__", "__imul__", "__setitem__", "append", "extend", "insert", "pop", "remove"):
    setattr(Timers, _name, _changing(_name))
for _name in ("reverse", "sort"):
    setattr(Timers, _name, _changing(_name))


def _handle_signals() -> None:
    """Do nothing: the interpreter handles signals when it begins a function."""


class Selector:
    """The selector; a view of what the engine's own poller watches."""

    def __init__(self, loop: EventLoop) -> None:
        super().__setattr__("_loop", loop)

    _loop: EventLoop

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        self._loop._look_from_outside()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Poll, and return what is ready, each with the handles that are to run."""
        loop = self._loop
        loop._open_queues("its selector was asked what is ready")
        found: list[tuple[int, Any, Any]] = []
        try:
            if timeout is None or timeout > 0:
                loop._before_sleep()
                # Handlers of signals run in here, and not under the engine.
                _handle_signals()
            loop._select(timeout, found.append)
        except BaseException:
            loop._after_sleep()
            for _, *handles in found:
                for handle in handles:
                    if handle is not None:
                        loop._add_callback(handle)
            raise
        # Here, because the engine does it only after polls of its own.
        loop._look_from_outside()
        return [_event(*each) for each in found]

    def get_key(self, file: Any) -> selectors.SelectorKey:
        """Return what a file is watched for and the handles that run then.

        Raises:
            KeyError: it is not watched.
            ValueError: it has no descriptor.
        """
        descriptor = self._loop._descriptor_of(file)
        reader, writer = self._loop._reader(descriptor), self._loop._writer(descriptor)
        if not reader and not writer:
            raise KeyError(f"{file!r} is not registered")
        return _key(descriptor, reader, writer, file)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """Return a mapping of all descriptors that are watched to what ``get_key`` returns of each."""
        return _Map(self)

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Refuse: the engine's poller takes readers and writers only.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(
            "the selector of a PyLoop loop is a view; use add_reader() and add_writer() of the loop"
        )

    modify = register

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """Stop watching a file.

        Raises:
            KeyError: it is not watched.
            ValueError: it has no descriptor.
        """
        key = self.get_key(fileobj)
        self._loop._remove_reader(key.fd)
        self._loop._remove_writer(key.fd)
        return key

    def close(self) -> None:
        self._loop._release()


class _Map(Mapping[object, selectors.SelectorKey]):
    def __init__(self, selector: Selector) -> None:
        self._selector = selector

    def _descriptors(self) -> list[int]:
        descriptors: list[int] = []
        self._selector._loop._show_watched(descriptors.append)
        return descriptors

    def __getitem__(self, file: object) -> selectors.SelectorKey:
        return self._selector.get_key(file)

    def __iter__(self) -> Iterator[int]:
        return iter(self._descriptors())

    def __len__(self) -> int:
        return len(self._descriptors())


def _key(descriptor: int, reader: Any, writer: Any, file: Any = None) -> selectors.SelectorKey:
    events = (selectors.EVENT_READ if reader else 0) | (selectors.EVENT_WRITE if writer else 0)
    return selectors.SelectorKey(descriptor if file is None else file, descriptor, events, (reader, writer))


def _event(descriptor: int, reader: Any, writer: Any) -> tuple[selectors.SelectorKey, int]:
    key = _key(descriptor, reader, writer)
    return key, key.events
