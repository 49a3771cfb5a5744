"""Values of Python's as Java gets them where it wants any object."""

from __future__ import annotations

from typing import Any

from ._machine import Machine

_PLAIN = (bool, int, float, str)


def to_java(machine: Machine, value: object) -> Any:
    """Return what to hand to a Java method for any object.

    Numbers, text, None and objects of Java's are what JPype makes of them; ``bytes`` are a ``byte[]``. Everything else
    is an opaque object, which is itself again when it comes back to Python.
    """
    if value is None or isinstance(value, machine.object_type):
        return value
    if type(value) in _PLAIN:
        if type(value) is int and not -(1 << 63) <= value < 1 << 63:
            return machine.jpype.JClass("java.math.BigInteger")(str(value))
        return value
    if isinstance(value, bytes):
        return machine.jpype.JArray(machine.jpype.JByte)(value)
    if isinstance(value, machine.jpype.JProxy):
        return value
    return machine.opaque(value)
