"""Has an AOT cache made, by a detached process of low priority (``_training``), and tidies the folder of the caches."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from pathlib import Path

from . import _cache

FAILURE_SECONDS = 24 * 3600
"""So long nobody tries again after a cache could not be made."""

# After this time a lock belongs to nobody: its process was killed.
_PATIENCE_SECONDS = 3600

_KEPT = 8

# Leaves the new process to init: this one is not its parent, sees no SIGCHLD of it and need not wait for it. Where the
# kernel divides its time among sessions, the session's priority counts, not the process's.
_DETACH = 'exec </dev/null >/dev/null 2>&1; echo 19 >/proc/self/autogroup; nice -n 19 "$@" &'


def order(path: str, libjvm: str, jar: str) -> None:
    """Start the process that makes the cache, unless one is at it or has failed not long ago.

    Raises:
        OSError: the folder or the lock cannot be made.
    """
    # Init itself would become the parent of what it detaches; an embedded interpreter has no program to run.
    if os.getpid() == 1 or not _is_python(sys.executable):
        return
    Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = Path(_cache.lock_of(path))
    if not _take(lock):
        return
    trainer = Path(__file__).with_name("_training.py")
    command = [sys.executable, "-I", "-S", str(trainer), path, str(lock), libjvm, jar]
    try:
        pid = os.posix_spawn("/bin/sh", ["sh", "-c", _DETACH, "sh", *command], os.environ, setsid=True, setsigmask=())
    except OSError:
        lock.unlink()
        return
    # Gone if the program waits for whatever ends, or ignores SIGCHLD.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def publish(made: Path, cache: Path) -> None:
    """Seal what was made and give it its name, so that it comes into being whole or not at all.

    It is stamped here, for those who will use it may not be allowed to.

    Raises:
        OSError: there is no room or no permission.
    """
    _cache.seal(str(made))
    made.rename(cache)
    prune(cache)
    time.sleep(2 * _cache.STAMP_SECONDS)
    _cache.is_whole(str(cache))


def prune(path: Path) -> None:
    """Remove what lies beside a new cache and is of no use any more.

    That is what was not used for longest, caches of runtimes and jars long gone, and what processes left that were
    killed while they made one.
    """
    files = sorted(path.parent.glob("engine-*.aot"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[_KEPT:]:
        file.unlink(missing_ok=True)
    for stamp in path.parent.glob("engine-*.stamp"):
        if not stamp.with_suffix(".aot").exists():
            stamp.unlink(missing_ok=True)
    for left in path.parent.glob("engine-*.[0-9]*.*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _PATIENCE_SECONDS:
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def postpone(lock: Path) -> None:
    """Keep others from trying for as long as is said above."""
    later = time.time() + FAILURE_SECONDS
    with contextlib.suppress(OSError):
        os.utime(lock, (later, later))


def _is_python(executable: str | None) -> bool:
    return bool(executable) and Path(executable or "").name.startswith("python") and not hasattr(sys, "frozen")


def _take(lock: Path) -> bool:
    """Make the file that keeps others from making the same cache; one that is old was left by what did not succeed."""
    try:
        if time.time() - lock.stat().st_mtime > _PATIENCE_SECONDS:
            lock.unlink()
    except FileNotFoundError:
        pass
    try:
        lock.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        return False
    return True
