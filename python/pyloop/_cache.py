"""The JVM's AOT cache: loaded classes and profiles of the engine, which make a start much shorter.

A cache belongs to one Java runtime, one jar, one set of options and one kind of processor: its name is a digest. The
first process that finds none has one made (``_cache_order``); later processes use it. It ends with a checksum, for the
JVM maps what it is given and would crash on a damaged one. Whatever goes wrong, there is no cache, silently: the engine
works without.

Every start runs through this module, so it imports nothing that is dear: no ``pathlib``.
"""

from __future__ import annotations

import contextlib
import os
import time

TYPE_CHECKING = False  # not from typing, which is dear to import
if TYPE_CHECKING:
    from collections.abc import Sequence

NO_CACHE = "PYLOOP_NO_CACHE"
"""The environment variable that keeps a process from using a cache and from having one made."""

_FORMAT = "2"
_MARK = b"PyLoop AOT cache "
_TRAILER_SIZE = len(_MARK) + 8
_CHUNK = 1 << 18

# A file that is used is touched this often, so that the oldest are those that nobody needs any more.
TOUCH_SECONDS = 24 * 3600

# The kernel's stamps of a file may be this coarse: what changed within that time of being looked at may not show.
STAMP_SECONDS = 1

# Tells apart what one user has. A prime, as in the hash of Rabin and Karp, and just below 2 ** 64.
_DIGEST_MODULUS = (1 << 64) - 59

# What a program may ask of its JVM without giving the cache up: sizes and choices, which the training can repeat. Other
# options open ports and files, wait for debuggers, or name a cache themselves.
_HARMLESS = (
    *("-D", "-Xm", "-Xrs", "-Xss", "--enable-native-access=", "-XX:+Use", "-XX:-Use", "-XX:ActiveProcessorCount="),
    *("-XX:Max", "-XX:Min", "-XX:Initial", "-XX:Reserved", "-XX:Tiered", "-XX:CICompilerCount="),
)

OPTIONS_WITH_CACHE = (
    "-XX:Tier0InvokeNotifyFreqLog=9",
    "-XX:Tier3InvocationThreshold=2000",
    "-XX:Tier3MinInvocationThreshold=1000",
    "-XX:Tier3CompileThreshold=10000",
)
"""Options for a JVM that uses a cache.

The cache knows which methods of the engine will be hot, and has them compiled as soon as they can be. All others are
left alone for ten times as long as by default, and the interpreter asks about them a quarter as often: mostly they are
the JDK's own, which run at the start and never again. No cache can be made by a JVM that does not know these options,
so none is started with them.
"""

# What kind of processor this is: a cache holds some machine code, and a home may be shared by several machines.
_PROCESSOR = "/sys/devices/system/cpu/modalias"

# The JVM reads these by itself.
_VARIABLES = ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS")


def jvm_options(libjvm: str, jar: str, options: Sequence[str]) -> list[str]:
    """Return the options by which a JVM uses the cache; none if there is none yet, in which case one is ordered."""
    try:
        path = cache_file(libjvm, jar, options)
        if path is None:
            return []
        if is_whole(path):
            _touch(path)
            # A cache that the JVM rejects is none of the program's business.
            return [f"-XX:AOTCache={path}", "-Xlog:aot*=off", *OPTIONS_WITH_CACHE]
        from . import _cache_order  # noqa: PLC0415 - once in the life of a cache

        _cache_order.order(path, libjvm, jar)
    except (OSError, ValueError, RuntimeError):
        pass  # no home, no permission, no room, a path that no file can have
    return []


def describe(libjvm: str, jar: str, options: Sequence[str]) -> tuple[str, str | None, int]:
    """Return the state of the cache ("off", "missing", "being made", "damaged", "ready"), its path and its size."""
    try:
        path = cache_file(libjvm, jar, options)
    except (OSError, ValueError, RuntimeError):
        path = None
    if path is None:
        return "off", None, 0
    try:
        size = os.stat(path).st_size
    except OSError:
        return "being made" if os.path.exists(lock_of(path)) else "missing", path, 0
    return "ready" if is_whole(path) else "damaged", path, size


def cache_file(libjvm: str, jar: str, options: Sequence[str]) -> str | None:
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
    with open(_PROCESSOR, encoding="utf-8") as processor:
        parts = [_FORMAT, *options, processor.read()]
    modules = os.path.join(os.path.dirname(os.path.dirname(libjvm)), "modules")
    for file in (libjvm, modules, jar):
        status = os.stat(file)
        # Whole seconds, as the JVM compares them: images of containers keep no fractions.
        parts += [file, str(status.st_size), str(int(status.st_mtime))]
    text = "\0".join(parts).encode(errors="surrogateescape")
    digest = int.from_bytes(text, "big") % _DIGEST_MODULUS
    return os.path.join(_folder(), f"engine-{digest:016x}.aot")


def is_whole(path: str) -> bool:
    """Tell whether a cache is as it was made, and is this user's or the system's and can be written by nobody else.

    Its checksum takes milliseconds. So the file is stamped when it was right, and not summed up again as long as the
    system says that nobody has changed it since.
    """
    try:
        with open(path, "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            if status.st_uid not in {0, os.geteuid()} or status.st_mode & 0o022:
                return False
            identity = f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}".encode()
            if _stamp(path) == identity:
                return True
            rest = status.st_size - _TRAILER_SIZE
            if rest < 0:
                return False
            checksum = _checksum(path, rest)
            file.seek(rest)
            if file.read() != _trailer(checksum):
                return False
            if time.time() - status.st_ctime > STAMP_SECONDS:
                _write_stamp(path, identity)
            return True
    except OSError:
        return False


def seal(path: str) -> None:
    """Mark a cache as complete. The JVM does not look behind what it has written."""
    trailer = _trailer(_checksum(path, os.stat(path).st_size))
    with open(path, "ab") as file:
        file.write(trailer)
        file.flush()
        os.fsync(file.fileno())


def lock_of(path: str) -> str:
    """Return the path of the file that keeps others from making the same cache."""
    return path.removesuffix(".aot") + ".lock"


def stamp_of(path: str) -> str:
    """Return the path of the file that says which state of a cache was summed up and found right."""
    return path.removesuffix(".aot") + ".stamp"


def _stamp(path: str) -> bytes | None:
    try:
        with open(stamp_of(path), "rb", buffering=0) as file:
            return file.read()
    except OSError:
        return None


def _write_stamp(path: str, identity: bytes) -> None:
    # Another process may read half of it, and sum up once more.
    with contextlib.suppress(OSError), open(stamp_of(path), "wb", buffering=0) as file:
        file.write(identity)


def _touch(path: str) -> None:
    if time.time() - os.stat(path).st_mtime > TOUCH_SECONDS:
        with contextlib.suppress(OSError):
            os.utime(path)


def _trailer(checksum: int) -> bytes:
    return b"%s%08x" % (_MARK, checksum)


def _checksum(path: str, size: int) -> int:
    import zlib  # noqa: PLC0415 - once in the life of a cache

    checksum = 0
    buffer = memoryview(bytearray(_CHUNK))
    with open(path, "rb", buffering=0) as file:
        while size > 0:
            count = file.readinto(buffer[: min(size, _CHUNK)])
            if not count:
                break
            checksum = zlib.crc32(buffer[:count], checksum)
            size -= count
    return checksum


def _folder() -> str:
    """Return the folder of the caches, which may not exist."""
    chosen = os.environ.get("PYLOOP_CACHE_DIR")
    if chosen:
        return os.path.join(os.getcwd(), chosen)
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The specification of that variable wants a relative path ignored.
    if base.startswith("/"):
        return os.path.join(base, "pyloop")
    home = os.path.expanduser("~")
    if home == "~":
        raise RuntimeError("nothing tells where the user's home is")
    # The home of another, as under sudo, would be left with files that its user cannot remove.
    if os.stat(home).st_uid != os.geteuid():
        raise PermissionError(f"{home} is another user's")
    return os.path.join(home, ".cache", "pyloop")
