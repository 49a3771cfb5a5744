"""Misuse of the loop's type raises a Python exception and leaves the process alive.

Each misuse runs in an interpreter of its own, because what it must not do is end the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from support.loops import run_iteration
from support.outcomes import assert_same_outcome
from support.programs import lines_of

_METHODS = (
    "call_soon",
    "call_soon_threadsafe",
    "call_later",
    "call_at",
    "time",
    "run_forever",
    "run_until_complete",
    "stop",
    "close",
    "is_running",
    "is_closed",
    "get_debug",
    "set_debug",
    "add_reader",
    "remove_reader",
    "add_writer",
    "remove_writer",
    "_add_reader",
    "_remove_reader",
    "_add_writer",
    "_remove_writer",
    "_run_once",
    "create_future",
    "create_task",
    "call_exception_handler",
    "__repr__",
    "__init__",
)

_ENGINE_METHODS = {"call_soon", "call_soon_threadsafe", "call_later", "call_at", "run_forever", "_run_once"}
"""What must refuse whatever is not a ready loop. Other methods may be written in Python and take what they get."""

_ATTEMPT = """
def attempt(name, call):
    try:
        call()
    except (TypeError, AttributeError, RuntimeError, ValueError) as error:
        say(name, type(error).__name__)
    else:
        say(name, "nothing")
"""


def test_a_wrong_self_is_an_error() -> None:
    lines = lines_of(
        _ATTEMPT
        + f"""
import functools

class Impostor:
    pass

loop = new_event_loop()
for name in {_METHODS!r}:
    method = getattr(type(loop), name)
    for wrong in (5, None, "loop", Impostor(), asyncio.SelectorEventLoop):
        attempt(name, lambda: method(wrong, print))
        attempt(name, lambda: method(wrong))
        # Called from C: CPython 3.13.0 crashes by itself where Python code calls many C methods without a self.
        attempt(name, functools.partial(method))
say(loop.run_until_complete(asyncio.sleep(0, "alive")))
loop.close()
"""
    )
    assert lines[-1] == "alive"
    silent = {line.split()[0] for line in lines[:-1] if line.endswith("nothing")}
    assert not silent & _ENGINE_METHODS


def test_a_stock_loop_is_a_wrong_self_too() -> None:
    lines = lines_of(
        _ATTEMPT
        + """
loop = new_event_loop()
stock = asyncio.SelectorEventLoop()
for name in ("call_soon", "call_soon_threadsafe", "call_later", "call_at"):
    attempt(name, lambda: getattr(type(loop), name)(stock, print))
stock.close()
say(loop.run_until_complete(asyncio.sleep(0, "alive")))
loop.close()
"""
    )
    assert lines[-1] == "alive"
    assert all(line.endswith("TypeError") for line in lines[:-1])


def test_a_loop_without_its_init_is_an_error() -> None:
    lines = lines_of(
        _ATTEMPT
        + f"""
import gc, warnings
warnings.simplefilter("ignore")
for name in {_METHODS!r}:
    if name != "__init__":
        bare = pyloop.EventLoop.__new__(pyloop.EventLoop)
        attempt(name, lambda: getattr(bare, name)(print))
        attempt(name, getattr(bare, name))
        attempt(name, lambda: getattr(bare, name)(1, print))
class Forgetful(pyloop.EventLoop):
    def __init__(self):
        pass
forgetful = Forgetful()
attempt("call_soon", lambda: forgetful.call_soon(print))
attempt("run_forever", forgetful.run_forever)
del bare, forgetful
gc.collect()
loop = new_event_loop()
say(loop.run_until_complete(asyncio.sleep(0, "alive")))
loop.close()
"""
    )
    assert lines[-1] == "alive"
    assert not {line.split()[0] for line in lines if line.endswith("nothing")} & _ENGINE_METHODS


def test_a_second_init_is_an_error_or_harmless() -> None:
    lines = lines_of(
        _ATTEMPT
        + """
loop = new_event_loop()
ran = []
loop.call_soon(ran.append, "scheduled before")
timer = loop.call_later(0, ran.append, "timer before")
for _ in range(3):
    attempt("__init__", loop.__init__)
say(loop.run_until_complete(asyncio.sleep(0.001, "alive")))
loop.close()
attempt("__init__", loop.__init__)
loop.close()
"""
    )
    assert "alive" in lines


def test_a_second_init_while_running_does_not_crash() -> None:
    lines = lines_of(
        _ATTEMPT
        + """
loop = new_event_loop()
def again():
    attempt("__init__", loop.__init__)
loop.call_soon(again)
loop.call_soon(loop.stop)
try:
    loop.run_forever()
    loop.close()
except Exception as error:
    say(type(error).__name__)
other = new_event_loop()
say(other.run_until_complete(asyncio.sleep(0, "alive")))
other.close()
os._exit(0)
"""
    )
    assert lines[-1] == "alive"


def test_handles_made_by_hand_do_not_crash() -> None:
    lines = lines_of(
        _ATTEMPT
        + """
loop = new_event_loop()
for handle in (loop.call_soon(print), loop.call_later(100, print), loop.call_soon_threadsafe(print)):
    kind = type(handle)
    attempt("new", lambda: kind())
    attempt("new", lambda: kind(1))
    attempt("new", lambda: repr(kind.__new__(kind)))
    attempt("new", lambda: kind.__new__(kind).cancel())
    attempt("new", lambda: kind.__new__(kind)._run())
    attempt("new", lambda: kind.__new__(kind) < handle)
    attempt("new", lambda: hash(kind.__new__(kind)))
    for wrong in (5, None, loop, asyncio.Handle.__new__(asyncio.Handle)):
        for name in ("cancel", "cancelled", "_run", "__repr__", "when"):
            if hasattr(kind, name):
                attempt(name, lambda: getattr(kind, name)(wrong))
    handle.cancel()
say(loop.run_until_complete(asyncio.sleep(0, "alive")))
loop.close()
"""
    )
    assert lines[-1] == "alive"


def test_fields_deleted_or_replaced_behind_the_loop_s_back_do_not_crash() -> None:
    lines = lines_of(
        """
loop = new_event_loop()
loop.set_exception_handler(lambda loop, context: None)
def tamper(field, value):
    for handle in (loop.call_soon(len, "x"), loop.call_at(0, len, "x"), loop.call_soon_threadsafe(len, "x")):
        try:
            delattr(handle, field) if value is loop else setattr(handle, field, value)
        except (AttributeError, TypeError):
            pass
        try:
            repr(handle)
        except Exception:
            pass
        try:
            loop.stop()
            loop.run_forever()
        except Exception as error:
            say(type(error).__name__)
for field in ("_callback", "_args", "_context", "_loop", "_cancelled", "_repr", "_source_traceback", "_when",
              "_scheduled"):
    for value in (None, 5, (), object(), loop):
        tamper(field, value)
say("alive")
loop.close()
"""
    )
    assert lines[-1] == "alive"


def test_a_callback_that_empties_the_queue_does_not_crash() -> None:
    lines = lines_of(
        """
loop = new_event_loop()
loop.call_soon(lambda: loop._ready.clear())
loop.call_soon(say, "dropped")
loop.stop()
loop.run_forever()
say("alive")
loop.close()
"""
    )
    assert lines == ["alive"]


_CALLBACKS_OF_THE_WRONG_KIND: dict[str, Callable[[Any], object]] = {
    "a number": lambda loop: _report(loop, 5),
    "None": lambda loop: _report(loop, None),
    "a string": lambda loop: _report(loop, "callback", 1),
    "a coroutine function": lambda loop: _report(loop, asyncio.sleep, 0),
}


def _report(loop: Any, *call: object) -> object:
    """Schedule what should not be scheduled in every way there is; what the exception handler is told."""
    reported: list[object] = []
    loop.set_exception_handler(
        lambda _loop, context: reported.append((context["message"], repr(context.get("exception"))))
    )
    handles = [loop.call_soon(*call), loop.call_soon_threadsafe(*call), loop.call_at(0, *call)]
    run_iteration(loop)
    return reported, [repr(handle) for handle in handles]


@pytest.mark.filterwarnings("ignore:coroutine 'sleep' was never awaited:RuntimeWarning")
@pytest.mark.parametrize("scenario", _CALLBACKS_OF_THE_WRONG_KIND.values(), ids=_CALLBACKS_OF_THE_WRONG_KIND.keys())
def test_a_callback_of_the_wrong_kind_is_reported_when_it_runs(scenario: Callable[[Any], object]) -> None:
    assert_same_outcome(scenario)
