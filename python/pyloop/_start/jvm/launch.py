"""Starts the engine: finds Java, loads it into the process and lets it fill the module ``pyloop._engine``."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import resource
import shlex
import signal
from pathlib import Path

from pyloop._start import support

from . import fault_handlers, invocation, room, surroundings
from .java_home import find_java_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

JVM_OPTIONS = "PYLOOP_JVM_OPTIONS"

_JAR = Path(__file__).parents[2] / "lib" / "pyloop.jar"
_BOOTSTRAP = "dev/pyloop/boot/Bootstrap"

# SIGSTKFLT, which neither Linux nor Python has a use for.
_SUSPEND_SIGNAL_VARIABLE = "_JAVA_SR_SIGNUM"
_SUSPEND_SIGNAL = 16

# -Xrs leaves SIGINT, SIGTERM and SIGHUP to Python. One small heap; no file for jps, and no thread and socket for jcmd.
# The limit on descriptors stays the program's.
_JVM_OPTIONS = (
    "-Xrs",
    "-Xms8m",
    "-XX:-UsePerfData",
    "-XX:+DisableAttachMechanism",
    "-XX:-MaxFDLimit",
    "--enable-native-access=ALL-UNNAMED",
)

# The one that needs no threads of its own. A JVM that is told of two ends the process.
_COLLECTOR = "-XX:+UseSerialGC"
_ANY_COLLECTOR = re.compile(r"-XX:\+Use\w*GC\b")
_OPTIONS_OF_JVMS = ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS")

_filled: list[tuple[ModuleType, bool]] = []
"""The module that the engine has added its types to, and whether the JVM is somebody else's."""

_MIN_STACK = 1 << 20
_MAX_STACK = 64 << 20


def start(engine: ModuleType, max_heap: int) -> bool:
    """Start the JVM in this process and let it add its types to the module ``engine``.

    If there is a JVM in the process already (JPype's, or that of a Java program with Python inside), the engine moves
    in there. ``PYLOOP_JVM_OPTIONS`` holds further options for a JVM that is started here, quoted as in a shell.

    Args:
        engine: the module.
        max_heap: the size of the Java heap in bytes, at the most; a JVM that is there already has its own.

    Returns:
        Whether the JVM is somebody else's.

    Raises:
        RuntimeError: this is a sub-interpreter, there is no Java, or Java did not start.
    """
    if not _is_main_interpreter():
        raise support.unsupported(support.SUB_INTERPRETER)
    if not _JAR.is_file():
        raise RuntimeError(
            f"PyLoop cannot run in a Java virtual machine here, for {_JAR} does not exist: it is in the wheel for any "
            "platform, not in the one with the native library, and in a checkout `make build` makes it"
        )
    if _filled:
        # The import that called this was interrupted right after it, by Ctrl-C for example, and is made once more.
        module, borrowed = _filled[0]
        vars(engine).update({name: value for name, value in vars(module).items() if name not in vars(engine)})
        return borrowed
    dlsym = ctypes.cast(ctypes.pythonapi.dlsym, ctypes.c_void_p).value or 0
    with _signals_blocked(), surroundings.kept(), _readable_jar() as jar:
        found = invocation.join(jar, _BOOTSTRAP)
        bootstrap = found or _start_jvm(max_heap, jar)
        fault_handlers.remember()
        # The interpreter's address space is reached through its own handle: it may be a library loaded privately.
        bootstrap.call_static("start", dlsym, ctypes.pythonapi._handle, id(engine))
        _filled.append((engine, found is not None))
    return found is not None


def jvm_options(max_heap: int) -> list[str]:
    """Return the options of a JVM that is started here, those of the program's environment last.

    Raises:
        ValueError: the program's are not quoted as in a shell.
    """
    try:
        further = shlex.split(os.environ.get(JVM_OPTIONS, ""))
    except ValueError as error:
        raise ValueError(f"{JVM_OPTIONS} cannot be read: {error}") from error
    collector = [] if _names_collector(further) else [_COLLECTOR]
    return [
        *_JVM_OPTIONS,
        *collector,
        f"-Xmx{max_heap >> 10}k",
        f"-Xss{_stack_size()}",
        # Without one it would be the working directory.
        f"-Djava.class.path={_JAR if _fits_class_path() else os.devnull}",
        *further,
    ]


def _names_collector(options: list[str]) -> bool:
    """Tell whether the program's options, or those that every JVM takes from the environment, name a collector."""
    texts = [*options, *(os.environ.get(variable, "") for variable in _OPTIONS_OF_JVMS)]
    return any(_ANY_COLLECTOR.search(text) for text in texts)


def _fits_class_path() -> bool:
    """Tell whether Java takes the jar's path for what it is, whatever the locale."""
    path = str(_JAR)
    return path.isascii() and os.pathsep not in path


@contextlib.contextmanager
def _readable_jar() -> Iterator[str]:
    """Open the jar, if need be, and give the path under which Java can load from it."""
    if str(_JAR).isascii():
        yield str(_JAR)
        return
    descriptor = os.open(_JAR, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _is_main_interpreter() -> bool:
    # Not by the modules for sub-interpreters: after a fork, they miscount who refers to the main one, which a debug
    # build does not survive.
    current, main = (
        ctypes.PYFUNCTYPE(ctypes.c_void_p)((name, ctypes.pythonapi))()
        for name in ("PyInterpreterState_Get", "PyInterpreterState_Main")
    )
    return bool(current == main)


def _start_jvm(max_heap: int, jar: str) -> invocation.JavaClass:
    libjvm = find_java_home().libjvm
    options = jvm_options(max_heap)
    room.check(max_heap)
    fault_handlers.prepare()
    with _suspend_signal_moved(), _folder_known():
        return invocation.start(str(libjvm), options, None if _fits_class_path() else jar, _BOOTSTRAP)


def _stack_size() -> int:
    """Return the size of the main thread's stack in bytes.

    The JVM takes the size of its own threads' stacks, by default 1 MiB, for that of the main thread's too, and makes
    what lies below inaccessible. Python, which knows better, would run into that on its way to a RecursionError.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_STACK)
    return _MAX_STACK if soft == resource.RLIM_INFINITY else min(max(soft, _MIN_STACK), _MAX_STACK)


@contextlib.contextmanager
def _folder_known() -> Iterator[None]:
    """Leave a working directory that has no name any more: a JVM that starts there ends the process."""
    try:
        Path.cwd()
    except OSError:
        folder = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    else:
        yield
        return
    try:
        os.chdir("/")
        try:
            yield
        finally:
            os.fchdir(folder)
    finally:
        os.close(folder)


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
