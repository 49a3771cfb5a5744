"""The Java virtual machine that JPype has started, and this package's classes in it.

JPype is imported when it is needed first, so that importing this package costs nothing and works without it.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any, Final

JAR: Final = Path(__file__).parents[1] / "lib" / "pyloop-bridge.jar"
"""The classes of ``dev.pyloop.bridge``, for a class path: Java programs that name ``PyLoopExecutor`` need it there."""

OLDEST_JAVA: Final = 11

_PACKAGE: Final = "dev.pyloop.bridge"


class Machine:
    """What the modules here use of JPype and of the virtual machine. There is one, and it cannot be started again."""

    def __init__(self, jpype: Any) -> None:
        self.jpype = jpype
        self.is_started = jpype.isJVMStarted
        self.object_type = jpype.JObject
        self.throwable: Any = jpype.JClass("java.lang.Throwable")
        self.mailbox: Any = self._own("Mailbox")
        self.futures: Any = self._own("Futures")
        self.threads: Any = self._own("Threads")
        self.stage: Any = self._own("CoroutineStage")
        self.executor: Any = self._own("PyLoopExecutor")
        self.intake: Any = self._own("Intake")
        self.publishers: Any = self._own("Publishers")
        self.iterator_publisher: Any = self._own("IteratorPublisher")
        self.python_object: Any = self._own("PythonObject")
        self.python_exception: Any = self._own("PythonException")
        self.watch = self.futures.watch
        self.cancel_future = self.futures.cancel
        self.raise_ = self.futures.raise_
        self._python_value: Any = self._own("PythonValue")

    def _own(self, name: str) -> Any:
        return self.jpype.JClass(f"{_PACKAGE}.{name}")

    def opaque(self, value: object) -> Any:
        """Return a Python object as something that Java can hand on, and that is itself again when it comes back."""
        return self.jpype.JProxy(self._python_value, inst=value, convert=True)


_machine: Machine | None = None
_process = 0


def import_jpype() -> Any:
    """Return the module ``jpype``.

    Raises:
        ImportError: it is not installed.
    """
    try:
        return importlib.import_module("jpype")
    except ModuleNotFoundError as error:
        if error.name != "jpype":
            raise
        raise ImportError(
            "pyloop.java needs JPype, which is not installed: pip install 'pyloop-asyncio[java]'", name="jpype"
        ) from error


def machine() -> Machine:
    """Return the virtual machine.

    Raises:
        ImportError: JPype is not installed.
        RuntimeError: the virtual machine is not started, has ended, is too old or is that of the process which this one
            was forked from; or the jar is missing.
    """
    if _machine is None:
        return _find()
    if _process != os.getpid():
        raise RuntimeError(
            "Java cannot be used in this process: it was forked from the one that the Java virtual machine belongs to"
        )
    if not _machine.is_started():
        raise RuntimeError("Java cannot be used any more: its virtual machine was shut down")
    return _machine


def known() -> Machine | None:
    """Return the virtual machine if it was used before and can be used, and else None."""
    usable = _machine is not None and _process == os.getpid() and _machine.is_started()
    return _machine if usable else None


def _find() -> Machine:
    global _machine, _process
    jpype = import_jpype()
    if not jpype.isJVMStarted():
        raise RuntimeError("there is no Java virtual machine yet: jpype.startJVM() starts it")
    version = java_version(jpype)
    if version < OLDEST_JAVA:
        raise RuntimeError(f"pyloop.java needs Java {OLDEST_JAVA} or newer, and JPype has started Java {version}")
    try:
        jpype.JClass(f"{_PACKAGE}.Mailbox")
    except TypeError:
        if not JAR.is_file():
            raise RuntimeError(f"{JAR} does not exist; in a checkout `make build` makes it") from None
        jpype.addClassPath(JAR)
    _machine, _process = Machine(jpype), os.getpid()
    return _machine


def java_version(jpype: Any) -> int:
    """Return the feature version of the Java that runs: 8 for 1.8, 25 for 25."""
    parts = str(jpype.JClass("java.lang.System").getProperty("java.specification.version")).split(".")
    return int(parts[1] if parts[0] == "1" and len(parts) > 1 else parts[0])


def prepare_class_path() -> None:
    """Add the jar to the class path of a virtual machine that is still to be started, if JPype is imported by now."""
    jpype = sys.modules.get("jpype")
    if jpype is not None and JAR.is_file() and not jpype.isJVMStarted():
        jpype.addClassPath(JAR)


prepare_class_path()
