"""Exceptions of one language as exceptions of the other."""

from __future__ import annotations

import contextlib
import traceback
from types import TracebackType
from typing import Any, Final

from . import _events
from ._machine import Machine

_PLACEHOLDER: Final = ("Java Exception",)
"""The arguments of what JPype puts between an exception and its cause, to hold the frames of Java."""


def to_python(machine: Machine, kind: int, value: Any) -> BaseException:
    """Return what to raise for the failure of a future, as ``_events`` tell it."""
    if kind == _events.PYTHON_ERROR:
        assert isinstance(value, BaseException)
        return _raisable(value)
    return from_throwable(machine, value)


def from_throwable(machine: Machine, throwable: Any) -> BaseException:
    """Return a Java exception as JPype raises it, with Java's frames as traceback and its causes as ``__cause__``."""
    python = getattr(throwable, "object", None)
    if python is not None and isinstance(original := python(), BaseException):
        return _raisable(original)
    if machine.futures.isCyclic(throwable):
        assert isinstance(throwable, BaseException)
        _chain(throwable, throwable)
        return throwable
    try:
        machine.raise_(throwable)
    except BaseException as error:
        frames = _frames(error.__cause__)
        error.__cause__ = None
        if isinstance(error, machine.throwable):
            _chain(error, throwable)
        return error.with_traceback(frames)
    raise AssertionError("it is thrown")


def _frames(cause: BaseException | None) -> TracebackType | None:
    """Return the frames of Java that JPype keeps in a cause of its own, if this is one."""
    is_own = type(cause) is Exception and cause.args == _PLACEHOLDER
    return cause.__traceback__ if is_own and cause is not None else None


def _chain(error: BaseException, throwable: Any) -> None:
    """Set the causes of an exception, of which JPype knows none as long as Java has not thrown it here."""
    seen = [throwable]
    while (cause := throwable.getCause()) is not None and not any(cause is each or cause == each for each in seen):
        seen.append(cause)
        inner = _cause_to_python(cause)
        error.__cause__ = inner
        error, throwable = inner, cause


def _cause_to_python(cause: Any) -> BaseException:
    python = getattr(cause, "object", None)
    if python is not None and isinstance(original := python(), BaseException):
        return original
    assert isinstance(cause, BaseException)
    return cause


def _raisable(error: BaseException) -> BaseException:
    """Return an exception that a future takes."""
    if not isinstance(error, StopIteration):
        return error
    wrapped = RuntimeError("a coroutine raised StopIteration")
    wrapped.__cause__ = error
    return wrapped


def to_java(machine: Machine, error: BaseException) -> Any:
    """Return an exception as one that Java can throw: a Java exception is itself."""
    if isinstance(error, machine.throwable):
        return error
    return _describe(machine, error, set())


def _describe(machine: Machine, error: BaseException, seen: set[int]) -> Any:
    if isinstance(error, machine.throwable):
        return error
    seen.add(id(error))
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    described = _describe(machine, cause, seen) if cause is not None and id(cause) not in seen else None
    cls = type(error)
    name = cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
    text = ""
    with contextlib.suppress(Exception):  # of a __str__ of the program's
        text = str(error)
    made = machine.python_exception(
        name, text, "".join(traceback.format_exception(error)), machine.opaque(error), described
    )
    frames = traceback.extract_tb(error.__traceback__)[::-1]
    made.setFrames(
        [frame.name for frame in frames], [frame.filename for frame in frames], [frame.lineno or 0 for frame in frames]
    )
    return made
