"""Chooses what runs the engine: the native library, or a Java virtual machine.

Both are made from the same Java sources. PyLoop takes the library if there is one that loads, unless ``PYLOOP_ENGINE``
names an engine. Every start runs through this module, so it imports nothing that is slow to import.
"""

from __future__ import annotations

import os

from . import support

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Literal, Protocol

    from pyloop._loop import EventLoop

    class Runtime(Protocol):
        """What runs the engine: the module ``library`` or the package ``jvm``."""

        NAME: Literal["native", "jvm"]

        def start(self, engine: ModuleType, max_heap: int) -> None:
            """Start the engine, which adds its types to a module.

            Args:
                engine: the module.
                max_heap: the most bytes that Java objects may take.

            Raises:
                RuntimeError: it cannot start; the message says why.
            """

        def loop_class_defined(self, loop_class: type[EventLoop], transport_classes: Sequence[type]) -> None:
            """Arrange for what happens to all loops at once; called once.

            Args:
                loop_class: the class that programs get.
                transport_classes: the engine's own classes of transports.
            """

        def loop_made(self, loop: EventLoop) -> None:
            """Take note of a new loop."""

        def prepare(self) -> None:
            """Make the process fit for a loop to be made and to run in.

            Raises:
                RuntimeError: the engine does not work any more; the message says why.
            """

        def before_run(self) -> None:
            """See that a loop may run where this is called; ``prepare`` comes first.

            Raises:
                RuntimeError: it may not; the message says why.
            """

        def forked(self) -> bool:
            """Tell whether this process is the child of a fork that the engine did not survive."""


ENGINE = "PYLOOP_ENGINE"
MAX_HEAP = "PYLOOP_MAX_HEAP"

_DEFAULT_MAX_HEAP = 512 << 20
_LEAST_MAX_HEAP = 8 << 20
_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}

_running: Runtime | None = None


def chosen() -> Literal["native", "jvm"]:
    """Return the engine that runs in this process, or would be started in it now.

    Raises:
        RuntimeError: ``PYLOOP_ENGINE`` names no engine, or the library, and that cannot be loaded.
    """
    return (_running or _choose()[0]).NAME


def start(engine: ModuleType) -> Runtime:
    """Start the engine that is chosen, which adds its types to a module.

    Args:
        engine: the module.

    Raises:
        RuntimeError: this interpreter or system is not supported, or no engine could be started.
        ValueError: ``PYLOOP_MAX_HEAP`` is no size.
    """
    global _running  # noqa: PLW0603 - of which a process has one
    support.check()
    bound = max_heap()
    runtime, missing = _choose()
    try:
        runtime.start(engine, bound)
    except RuntimeError as error:
        if missing is None:
            raise
        raise RuntimeError(f"{error}\nThe native library, which needs no Java, cannot be used: {missing}") from error
    _running = runtime
    return runtime


def library_problem() -> str | None:
    """Return why the native library cannot be loaded, None if it can.

    Raises:
        RuntimeError: this is a sub-interpreter, in which no engine runs.
    """
    try:
        import pyloop._native  # noqa: F401, PLC0415 - it may not be there
    except ModuleNotFoundError:
        return "it is not part of this installation (in a checkout, `make build` makes it)"
    except ImportError as error:
        if "subinterpreter" in str(error):
            raise support.unsupported(support.SUB_INTERPRETER) from error
        return str(error)
    return None


def max_heap() -> int:
    """Return the most bytes that the engine's Java objects may take.

    Raises:
        ValueError: ``PYLOOP_MAX_HEAP`` is no size, or too small.
    """
    text = os.environ.get(MAX_HEAP)
    if not text:
        return _DEFAULT_MAX_HEAP
    unit = _UNITS.get(text[-1].lower())
    digits = text if unit is None else text[:-1]
    size = int(digits) * (unit or 1) if digits.isascii() and digits.isdigit() else 0
    if size < _LEAST_MAX_HEAP:
        raise ValueError(
            f"{MAX_HEAP} is {text!r}, but must be a number of bytes, or one with k, m or g behind it, and at least 8m"
        )
    return size


def _choose() -> tuple[Runtime, str | None]:
    """Return what is to run the engine, and why the library cannot, if that is the reason."""
    wanted = os.environ.get(ENGINE) or None
    if wanted not in {None, "native", "jvm"}:
        raise RuntimeError(f"{ENGINE} is {wanted!r}, but must be 'native' or 'jvm', or not be set")
    problem = None if wanted == "jvm" else library_problem()
    if wanted == "jvm" or (problem is not None and wanted is None):
        from . import jvm  # noqa: PLC0415 - for those alone who run it

        return jvm, problem
    if problem is not None:
        raise RuntimeError(f"{ENGINE} asks for the native library, which cannot be used: {problem}")
    from . import library  # noqa: PLC0415 - as above

    return library, None
