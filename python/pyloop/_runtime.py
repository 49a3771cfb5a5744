"""Starts the engine: finds Java, loads it into the process and lets it fill the module ``pyloop._engine``."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal

from . import _cache, _fault_handlers, _jvm
from ._java_home import find_java_home

TYPE_CHECKING = False  # not from typing, which is dear to import
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_JAR = os.path.join(os.path.dirname(__file__), "lib", "pyloop.jar")
_BOOTSTRAP = "dev/pyloop/boot/Bootstrap"

# SIGSTKFLT, which neither Linux nor Python has a use for.
_SUSPEND_SIGNAL_VARIABLE = "_JAVA_SR_SIGNUM"
_SUSPEND_SIGNAL = 16

# -Xrs leaves SIGINT, SIGTERM and SIGHUP to Python. One small heap with the collector that needs no threads of its own;
# no shared-memory file for jps; no check of how Java's linker treats the engine's few kinds of calls, which takes two
# milliseconds. An option that is unknown to a later JVM must not keep it from starting.
_JVM_OPTIONS = (
    "-Xrs",
    "-XX:+UseSerialGC",
    "-Xms8m",
    "-Xmx512m",
    "-XX:-UsePerfData",
    "-Djava.lang.foreign.VERIFY_BINDINGS=false",
    "--enable-native-access=ALL-UNNAMED",
)

_MIN_STACK = 1 << 20
_MAX_STACK = 64 << 20


def start(engine: ModuleType) -> bool:
    """Start the JVM in this process and let it add its types to the module ``engine``.

    If there is a JVM in the process already (JPype's, or that of a Java program with Python inside), the engine moves
    in there. ``PYLOOP_JVM_OPTIONS`` holds further options for a JVM that is started here, quoted as in a shell.

    Returns:
        Whether the JVM is somebody else's.

    Raises:
        RuntimeError: there is no Java, or Java did not start.
    """
    if not os.path.isfile(_JAR):
        raise RuntimeError(f"PyLoop is not built: {_JAR} does not exist; in a checkout, `make build` makes it")
    dlsym = ctypes.cast(ctypes.pythonapi.dlsym, ctypes.c_void_p).value or 0
    with _signals_blocked():
        found = _jvm.join(_JAR, _BOOTSTRAP)
        bootstrap = found or _start_jvm()
        _fault_handlers.remember()
        # The interpreter's address space is reached through its own handle: it may be a library loaded privately.
        bootstrap.call_static("start", dlsym, ctypes.pythonapi._handle, id(engine))
    return found is not None


def jvm_options() -> list[str]:
    """Return the options of a JVM that is started here, those of the program's environment last."""
    return [
        *_JVM_OPTIONS,
        f"-Xss{_stack_size()}",
        f"-Djava.class.path={_JAR}",
        *_further_options(),
    ]


def _start_jvm() -> _jvm.JavaClass:
    libjvm = find_java_home().libjvm
    options = jvm_options()
    # First, so that what the user says comes last.
    options[:0] = _cache.jvm_options(libjvm, _JAR, options)
    _fault_handlers.prepare()
    with _suspend_signal_moved():
        return _jvm.start(libjvm, options, _BOOTSTRAP)


def files() -> tuple[str, str]:
    """Return the paths of the library of the JVM that would be started here, and the jar of the engine.

    Raises:
        RuntimeError: there is no Java.
    """
    return find_java_home().libjvm, _JAR


def cache_state() -> tuple[str, str | None, int]:
    """Return the state of the AOT cache that a start in this environment would use, its path and its size.

    Raises:
        RuntimeError: there is no Java.
    """
    return _cache.describe(*files(), jvm_options())


def _further_options() -> list[str]:
    text = os.environ.get("PYLOOP_JVM_OPTIONS")
    if not text:
        return []
    import shlex  # noqa: PLC0415 - dear to import, and most programs have no options

    return shlex.split(text)


def _stack_size() -> int:
    """Return the size of the main thread's stack in bytes.

    The JVM takes the size of its own threads' stacks, by default 1 MiB, for that of the main thread's too, and makes
    what lies below inaccessible. Python, which knows better, would run into that on its way to a RecursionError.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_STACK)
    return _MAX_STACK if soft == resource.RLIM_INFINITY else min(max(soft, _MIN_STACK), _MAX_STACK)


@contextlib.contextmanager
def _suspend_signal_moved() -> Iterator[None]:
    """Leave SIGUSR2, by which the JVM suspends its threads unless told otherwise, to the program."""
    if _SUSPEND_SIGNAL_VARIABLE in os.environ:
        yield
        return
    os.environ[_SUSPEND_SIGNAL_VARIABLE] = str(_SUSPEND_SIGNAL)
    try:
        yield
    finally:
        del os.environ[_SUSPEND_SIGNAL_VARIABLE]


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block signals while Java starts: its threads inherit the mask, and the kernel leaves signals to Python's."""
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)
