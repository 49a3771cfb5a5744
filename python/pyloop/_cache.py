"""The JVM's AOT cache: loaded classes and profiles of the engine, which make a start much shorter.

A cache belongs to one Java runtime, one jar, one set of options and one kind of processor: its name is a digest. The
first process that finds none has one made, by a detached process of low priority (``_training``); later processes use
it. It comes into being by a rename, whole or not at all, and ends with a checksum, for the JVM maps what it is given
and would crash on a damaged one. Whatever goes wrong, there is no cache, silently: the engine works without.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

TYPE_CHECKING = False  # not from typing, which is dear to import
if TYPE_CHECKING:
    from collections.abc import Sequence

NO_CACHE = "PYLOOP_NO_CACHE"
"""The environment variable that keeps a process from using a cache and from having one made."""

FAILURE_SECONDS = 24 * 3600
"""So long nobody tries again after a cache could not be made."""

# After this time a lock belongs to nobody: its process was killed.
_PATIENCE_SECONDS = 3600

_FORMAT = "1"
_MARK = b"PyLoop AOT cache "
_TRAILER_SIZE = len(_MARK) + 8
_CHUNK = 1 << 18

# A file that is used is touched this often, so that the oldest are those that nobody needs any more.
_TOUCH_SECONDS = 24 * 3600
_KEPT = 8

# What a program may ask of its JVM without giving the cache up: sizes and choices, which the training can repeat. Other
# options open ports and files, wait for debuggers, or name a cache themselves.
_HARMLESS = (
    *("-D", "-Xm", "-Xrs", "-Xss", "--enable-native-access=", "-XX:+Use", "-XX:-Use", "-XX:ActiveProcessorCount="),
    *("-XX:Max", "-XX:Min", "-XX:Initial", "-XX:Reserved", "-XX:Tiered", "-XX:CICompilerCount="),
)

OPTIONS_WITH_CACHE = ("-XX:Tier0InvokeNotifyFreqLog=5",)
"""Options for a JVM that uses a cache.

The interpreter asks four times as often as by default whether to compile a method: the cache knows which ones will be
hot. No cache can be made by a JVM that does not know these options, so none is started with them.
"""

# What kind of processor this is: a cache holds some machine code, and a home may be shared by several machines.
_PROCESSOR = Path("/sys/devices/system/cpu/modalias")

# The JVM reads these by itself.
_VARIABLES = ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS")

# Leaves the new process to init: this one is not its parent, sees no SIGCHLD of it and need not wait for it. Where the
# kernel divides its time among sessions, the session's priority counts, not the process's.
_DETACH = 'exec </dev/null >/dev/null 2>&1; echo 19 >/proc/self/autogroup; nice -n 19 "$@" &'


def jvm_options(libjvm: Path, jar: Path, options: Sequence[str]) -> list[str]:
    """Return the options by which a JVM uses the cache; none if there is none yet, in which case one is ordered."""
    try:
        path = cache_file(libjvm, jar, options)
        if path is None:
            return []
        if is_whole(path):
            _touch(path)
            # A cache that the JVM rejects is none of the program's business.
            return [f"-XX:AOTCache={path}", "-Xlog:aot*=off", *OPTIONS_WITH_CACHE]
        _order(path, libjvm, jar)
    except (OSError, ValueError, RuntimeError):
        pass  # no home, no permission, no room, a path that no file can have
    return []


def describe(libjvm: Path, jar: Path, options: Sequence[str]) -> tuple[str, Path | None, int]:
    """Return the state of the cache ("off", "missing", "being made", "damaged", "ready"), its path and its size."""
    try:
        path = cache_file(libjvm, jar, options)
    except (OSError, ValueError, RuntimeError):
        path = None
    if path is None:
        return "off", None, 0
    try:
        size = path.stat().st_size
    except OSError:
        return "being made" if _lock_of(path).exists() else "missing", path, 0
    return "ready" if is_whole(path) else "damaged", path, size


def cache_file(libjvm: Path, jar: Path, options: Sequence[str]) -> Path | None:
    """Return the path of the cache for a runtime, a jar and the options of a JVM; None where there is to be none.

    Raises:
        OSError: the runtime, the jar, the processor or the user's home cannot be looked at.
        RuntimeError: nothing tells where the user's home is.
    """
    if os.environ.get(NO_CACHE):
        return None
    options = [*options, *(option for name in _VARIABLES for option in os.environ.get(name, "").split())]
    if not all(option.startswith(_HARMLESS) for option in options):
        return None
    import zlib  # noqa: PLC0415 - only where a cache may be

    parts = [_FORMAT, *options, _PROCESSOR.read_text(encoding="utf-8")]
    for file in (libjvm, libjvm.parents[1] / "modules", jar):
        status = file.stat()
        # Whole seconds, as the JVM compares them: images of containers keep no fractions.
        parts += [str(file), str(status.st_size), str(int(status.st_mtime))]
    text = "\0".join(parts).encode(errors="surrogateescape")
    # Two sums of different kinds tell apart what one user has, without importing hashlib.
    return _folder() / f"engine-{zlib.crc32(text):08x}{zlib.adler32(text):08x}.aot"


def is_whole(path: Path) -> bool:
    """Tell whether a cache is as it was made, and is this user's or the system's and can be written by nobody else."""
    try:
        with path.open("rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            if status.st_uid not in {0, os.geteuid()} or status.st_mode & 0o022:
                return False
            rest = status.st_size - _TRAILER_SIZE
            if rest < 0:
                return False
            checksum = _checksum(path, rest)
            file.seek(rest)
            return file.read() == _trailer(checksum)
    except OSError:
        return False


def seal(path: Path) -> None:
    """Mark a cache as complete. The JVM does not look behind what it has written."""
    trailer = _trailer(_checksum(path, path.stat().st_size))
    with path.open("ab") as file:
        file.write(trailer)
        file.flush()
        os.fsync(file.fileno())


def prune(path: Path) -> None:
    """Remove what lies beside a new cache and is of no use any more.

    That is what was not used for longest, caches of runtimes and jars long gone, and what processes left that were
    killed while they made one.
    """
    import shutil  # noqa: PLC0415 - only where a cache was made
    import time  # noqa: PLC0415

    files = sorted(path.parent.glob("engine-*.aot"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[_KEPT:]:
        file.unlink(missing_ok=True)
    for left in path.parent.glob("engine-*.[0-9]*.*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _PATIENCE_SECONDS:
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def _touch(path: Path) -> None:
    import time  # noqa: PLC0415 - only where there is a cache

    if time.time() - path.stat().st_mtime > _TOUCH_SECONDS:
        with contextlib.suppress(OSError):
            os.utime(path)


def _trailer(checksum: int) -> bytes:
    return b"%s%08x" % (_MARK, checksum)


def _checksum(path: Path, size: int) -> int:
    import zlib  # noqa: PLC0415 - only where a cache may be

    checksum = 0
    buffer = memoryview(bytearray(_CHUNK))
    with path.open("rb", buffering=0) as file:
        while size > 0:
            count = file.readinto(buffer[: min(size, _CHUNK)])
            if not count:
                break
            checksum = zlib.crc32(buffer[:count], checksum)
            size -= count
    return checksum


def _folder() -> Path:
    """Return the folder of the caches, which may not exist."""
    chosen = os.environ.get("PYLOOP_CACHE_DIR")
    if chosen:
        return Path(chosen).absolute()
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The specification of that variable wants a relative path ignored.
    if base.startswith("/"):
        return Path(base) / "pyloop"
    home = Path.home()
    # The home of another, as under sudo, would be left with files that its user cannot remove.
    if home.stat().st_uid != os.geteuid():
        raise PermissionError(f"{home} is another user's")
    return home / ".cache" / "pyloop"


def _order(path: Path, libjvm: Path, jar: Path) -> None:
    """Start the process that makes the cache, unless one is at it or has failed not long ago."""
    # Init itself would become the parent of what it detaches; an embedded interpreter has no program to run.
    if os.getpid() == 1 or not _is_python(sys.executable):
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = _lock_of(path)
    if not _take(lock):
        return
    trainer = Path(__file__).with_name("_training.py")
    command = [sys.executable, "-I", "-S", str(trainer), str(path), str(lock), str(libjvm), str(jar)]
    try:
        pid = os.posix_spawn("/bin/sh", ["sh", "-c", _DETACH, "sh", *command], os.environ, setsid=True, setsigmask=())
    except OSError:
        lock.unlink()
        return
    # Gone if the program waits for whatever ends, or ignores SIGCHLD.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _is_python(executable: str | None) -> bool:
    return bool(executable) and Path(executable or "").name.startswith("python") and not hasattr(sys, "frozen")


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock")


def _take(lock: Path) -> bool:
    """Make the file that keeps others from making the same cache; one that is old was left by what did not succeed."""
    import time  # noqa: PLC0415 - only where a cache is to be made

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
