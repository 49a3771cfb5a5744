"""The engine in a Java virtual machine in this process, which is started for it or is there already.

A virtual machine takes hold of its process: it has handlers for signals, threads that inherit settings, and it does not
survive a fork. What is necessary for that lives in this package, and is imported only where this engine is chosen.
"""

from __future__ import annotations

import os
import sys

from pyloop._start import support

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Final

    from pyloop._loop import EventLoop

NAME: Final = "jvm"

_process = os.getpid()
_engine: ModuleType
_borrowed = False


def start(engine: ModuleType, max_heap: int) -> None:
    """See ``_start.choice.Runtime``."""
    try:
        from . import launch  # noqa: PLC0415 - whoever asks which engine is chosen has no use for it
    except ImportError as error:
        # Of ctypes, which isolated sub-interpreters may not import, and some builds of Python do not have.
        problem = support.SUB_INTERPRETER if "subinterpreter" in str(error) else str(error)
        raise support.unsupported(problem) from error

    global _engine, _borrowed  # noqa: PLW0603 - the machine is the process's, of which there is one
    _engine = engine
    _borrowed = launch.start(engine, max_heap)


def loop_class_defined(loop_class: type[EventLoop], transport_classes: Sequence[type]) -> None:
    """See ``_start.choice.Runtime``."""
    from . import disarm, fork  # noqa: PLC0415 - as above

    classes = disarm.Classes(_engine, loop_class, transport_classes)
    fork.protect(classes)
    if _borrowed:
        disarm.at_exit(classes)


def loop_made(_: EventLoop) -> None:
    """See ``_start.choice.Runtime``."""


def prepare() -> None:
    """See ``_start.choice.Runtime``."""
    from . import fault_handlers, files  # noqa: PLC0415

    if not forked():
        fault_handlers.restore()
        files.put_back()


def before_run() -> None:
    """See ``_start.choice.Runtime``."""
    package = sys.modules.get("greenlet")  # who does not use it need not have it
    if package is not None:
        from . import greenlets  # noqa: PLC0415

        greenlets.check(package)


def forked() -> bool:
    """See ``_start.choice.Runtime``."""
    return os.getpid() != _process
