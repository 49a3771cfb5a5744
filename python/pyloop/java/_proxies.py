"""Python objects as implementations of Java's interfaces, whose methods run on a loop: ``proxy``."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from typing import Any

from . import _bridge, _errors, _events, _stages, _values


class _Target:
    """An object, and the context in which it was made Java's: each call has a copy of it."""

    def __init__(self, value: object) -> None:
        self.value = value
        self.context = copy_context()


def proxy(value: object, *interfaces: Any) -> Any:
    """Return a Python object as an object of Java's that implements interfaces; its methods run on the running loop.

    A thread of Java's that calls one takes no GIL. A method whose result is a stage or a future returns it at once, and
    may be an ``async def``; so does a method without a result. For any other result the caller waits, except that the
    loop's own thread gets an ``IllegalStateException``.

    Args:
        value: has a method for each one that the interfaces have, except for their default methods.
        interfaces: JPype's classes of them, or their names.

    Raises:
        ImportError: JPype is not installed.
        RuntimeError: no event loop runs in this thread, or there is no Java virtual machine that can be used.
        TypeError: methods are missing, or there is no interface.
    """
    bridge = _bridge.running()
    java = bridge.machine
    classes = [java.jpype.JClass(each) if isinstance(each, str) else each for each in interfaces]
    if not classes:
        raise TypeError("an interface at least is needed")
    for each in classes:
        missing = [str(name) for name in java.python_object.needed(each.class_) if not hasattr(value, str(name))]
        if missing:
            raise TypeError(f"{type(value).__name__} has no {', '.join(missing)}, which {each.__name__} needs")
    names = [str(name) for each in classes for name in _method_names(each) if hasattr(value, str(name))]
    target = java.opaque(_Target(value))
    return java.python_object.implement(bridge.mailbox, target, sorted(set(names)), [each.class_ for each in classes])


def _method_names(interface: Any) -> list[str]:
    return [str(method.getName()) for method in interface.class_.getMethods()]


def _call(bridge: _bridge.Bridge, _token: int, _detail: int, call: Any) -> None:
    stage, target = call.stage(), call.target()
    context = target.context.copy()
    try:
        result = context.run(getattr(target.value, str(call.method())), *call.arguments())
    except Exception as error:  # it is the caller's
        stage.raised(_errors.to_java(bridge.machine, error))
        return
    if asyncio.iscoroutine(result):
        task = bridge.loop.create_task(result, context=context)
        _stages.follow(bridge, stage, task)
    elif isinstance(result, asyncio.Future):
        context.run(_stages.follow, bridge, stage, result)
    elif call.isStaged() and isinstance(result, bridge.machine.jpype.JClass("java.util.concurrent.CompletionStage")):
        stage.follow(result)
    else:
        stage.returned(_values.to_java(bridge.machine, result))


_bridge.HANDLERS[_events.CALL] = _call
