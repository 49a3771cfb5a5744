"""Making tasks: asyncio's own code, but for the usual case, which has to do with none of what it looks for."""

from __future__ import annotations

import inspect

from . import _engine, _stock

TYPE_CHECKING = False  # not from typing, which is dear to import
if TYPE_CHECKING:
    import asyncio
    from contextvars import Context
    from typing import Any

_tasks = _stock.tasks
# Newer releases hand on whatever they are given, be there keywords of their own besides (late 3.13) or not (3.14).
_TAKES_ANY_KEYWORD = bool(_stock.base_events.BaseEventLoop.create_task.__code__.co_flags & inspect.CO_VARKEYWORDS)


class TaskMethods(_stock.SelectorEventLoop):
    """A part of the event loop class."""

    __slots__ = ()

    if _TAKES_ANY_KEYWORD:

        def create_task(self, coro: Any, **kwargs: Any) -> asyncio.Task[Any]:
            """Schedule a coroutine to run in a task.

            Raises:
                RuntimeError: the loop is closed.
                TypeError: it is no coroutine, or there is no such keyword.
            """
            if self._task_factory is not None or self._closed or self._debug:
                return self._without_our_frame(super().create_task(coro, **kwargs))  # type: ignore[no-any-return]
            return _tasks.Task(coro, loop=self, **kwargs)  # type: ignore[no-any-return]

    else:

        def create_task(  # type: ignore[misc]  # has the other one's signature on other releases
            self, coro: Any, *, name: str | None = None, context: Context | None = None
        ) -> asyncio.Task[Any]:
            """Schedule a coroutine to run in a task.

            Raises:
                RuntimeError: the loop is closed.
                TypeError: it is no coroutine.
            """
            if self._task_factory is not None or self._closed or self._debug:
                return self._without_our_frame(super().create_task(coro, name=name, context=context))  # type: ignore[no-any-return]
            return _tasks.Task(coro, loop=self, name=name, context=context)  # type: ignore[no-any-return]

    # What the interpreter's message about a wrong keyword begins with.
    create_task.__qualname__ = "BaseEventLoop.create_task"

    def _without_our_frame(self, task: Any) -> Any:
        """Return a task that asyncio's code has made, as if it had been called from where ours was."""
        if self._task_factory is None and task._source_traceback:
            del task._source_traceback[-1]
        return task

    if _engine.runtime.NAME == "native":
        # Every future and task asks, from C: there the library's method costs less than one of Python's, a JVM's more.
        get_debug = _engine.EventLoop._get_debug
