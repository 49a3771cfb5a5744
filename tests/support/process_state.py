"""What a process is set to: all that a library could change behind its program's back, and that outlives it."""

from __future__ import annotations

import ctypes
import fcntl
import gc
import locale
import os
import re
import resource
import signal
import sys
import threading
import warnings
from pathlib import Path
from typing import Any, Final

_SIGNALS: Final = range(1, 65)
_NO_FUNCTION: Final = (None, 1)  # SIG_DFL and SIG_IGN
_LIMITS: Final = sorted(name for name in dir(resource) if name.startswith("RLIMIT_"))
_CATEGORIES: Final = ("LC_COLLATE", "LC_CTYPE", "LC_MESSAGES", "LC_MONETARY", "LC_NUMERIC", "LC_TIME")
_PRCTL: Final = {"name of the thread": 16, "securebits": 27, "timer slack": 30, "no new privileges": 39, "dumpable": 3}
_TIMERS: Final = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)

_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.setlocale.restype = ctypes.c_char_p


class _Action(ctypes.Structure):
    """The C library's struct sigaction, of whose mask the kernel knows the first word only."""

    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_uint64 * 16),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    )


class _Stack(ctypes.Structure):
    """The C library's stack_t."""

    _fields_ = (("address", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


def process_state() -> dict[str, object]:
    """Everything by a name of its own; two looks at a process that has changed nothing are equal."""
    return {
        **_of_signals(),
        **{f"locale: {name}": _libc.setlocale(getattr(locale, name), None) for name in _CATEGORIES},
        **{name: resource.getrlimit(getattr(resource, name)) for name in _LIMITS},
        "environment": _environment(),
        "os.environ": dict(os.environ),
        "umask": _umask(),
        **open_files(),
        "temporary files": _temporary_files(),
        "working directory": Path.cwd(),
        "priority": (os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0)),
        "processors": os.sched_getaffinity(0),
        "core dumps": Path("/proc/self/coredump_filter").read_text(),
        "killed when memory is short": Path("/proc/self/oom_score_adj").read_text(),
        **{name: _prctl(option) for name, option in _PRCTL.items()},
        "personality": _libc.personality(0xFFFFFFFF),
        "floating point": _floating_point(),
        **_of_python(),
    }


def changes(before: dict[str, object], after: dict[str, object]) -> dict[str, tuple[object, object]]:
    """What differs between two looks, before and after."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: (before.get(name), after.get(name)) for name in names}


def open_files() -> dict[str, object]:
    """The open descriptors, each with its target and whether programs that this one starts inherit it."""
    found: dict[str, object] = {}
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
            flags = fcntl.fcntl(int(entry.name), fcntl.F_GETFD), fcntl.fcntl(int(entry.name), fcntl.F_GETFL)
        except OSError:
            continue  # the descriptor that listed the directory
        found[f"descriptor {entry.name}"] = target, f"inherited: {not flags[0] & fcntl.FD_CLOEXEC}", flags[1]
    return found


def _of_signals() -> dict[str, object]:
    state: dict[str, object] = {}
    for number in _SIGNALS:
        action = _Action()
        if _libc.sigaction(number, None, ctypes.byref(action)) == 0:
            handled = action.handler not in _NO_FUNCTION
            state[f"signal {number}"] = (action.handler, *((action.mask[0], action.flags) if handled else ()))
    state["blocked signals"] = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    state["pending signals"] = signal.sigpending()
    state["wake-up descriptor"] = _wakeup_descriptor()
    stack = _Stack()
    _libc.sigaltstack(None, ctypes.byref(stack))
    state["signal stack"] = stack.address, stack.flags, stack.size
    state["timers"] = [signal.getitimer(timer) for timer in _TIMERS]
    return state


def _wakeup_descriptor() -> int:
    descriptor = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(descriptor)
    return descriptor


def _environment() -> list[bytes]:
    """The environment of the C library, which need not be that of Python."""
    variables = ctypes.POINTER(ctypes.c_char_p).in_dll(_libc, "environ")
    found: list[bytes] = []
    while (variable := variables[len(found)]) is not None:
        found.append(variable)
    return sorted(found)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _temporary_files() -> list[str]:
    """All files in TMPDIR, if it is set, and in /tmp, where others work too, those with the number of this process."""
    private = os.environ.get("TMPDIR")
    ours = re.compile(rf"(?<!\d){os.getpid()}(?!\d)")
    shared = [
        path for pattern in ("*", "hsperfdata_*/*") for path in Path("/tmp").glob(pattern) if ours.search(path.name)
    ]
    return sorted(map(str, [*(Path(private).rglob("*") if private else ()), *shared]))


def _prctl(option: int) -> object:
    answer = ctypes.create_string_buffer(16)
    result = _libc.prctl(option, answer, 0, 0, 0)
    return result, answer.value


def _floating_point() -> tuple[int, ...]:
    """How numbers are rounded and which exceptions are masked; not which of them have happened."""
    environment = (ctypes.c_uint32 * 16)()
    ctypes.CDLL("libm.so.6").fegetenv(environment)
    # On x86-64 the control words of its two units, of which the second has what has happened in the lowest bits.
    return (environment[0] & 0xFFFF, environment[7] >> 6) if os.uname().machine == "x86_64" else (environment[0],)


def _of_python() -> dict[str, Any]:
    return {
        "handlers of Python's": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "sys.path": list(sys.path),
        "finders": [*sys.meta_path, *sys.path_hooks],
        "limit of recursion": sys.getrecursionlimit(),
        "switch interval": sys.getswitchinterval(),
        "stack of threads": threading.stack_size(),
        "garbage collection": (gc.isenabled(), gc.get_threshold(), gc.get_debug()),
        "hooks": (sys.excepthook, sys.unraisablehook, threading.excepthook, sys.gettrace(), sys.getprofile()),
        "warnings": list(warnings.filters),
        "threads": [thread.name for thread in threading.enumerate()],
    }
