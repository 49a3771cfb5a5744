"""``python -m pyloop --info``: what a report of a problem needs, and a check that the loop works here."""

from __future__ import annotations

import asyncio
import os
import platform
import shlex
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pyloop
from pyloop._start import choice, support

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from pyloop._start.jvm.java_home import JavaHome

_LABEL_WIDTH = 26
_CHECK_SECONDS = 10

# What of the environment changes how Java, Python's loop or its memory work.
_VARIABLES = ("PYLOOP_", "JAVA_", "_JAVA_", "JDK_JAVA_", "LD_PRELOAD", "MALLOC_", "PYTHONASYNCIO", "PYTHONDEVMODE")

# Of the many that processors have, those by which HotSpot chooses its code.
_FEATURES = frozenset(
    ("sse4_2", "avx", "avx2", "avx512f", "avx512vl", "bmi2", "aes", "sha_ni", "asimd", "atomics", "sve")
)
_FEATURE_KEYS = ("flags", "Features")
_MODEL_KEYS = ("model name", "CPU part")

_MESSAGE = b"PyLoop" * 50_000


def main() -> bool:
    """Print the report, and return whether every check has passed."""
    # Line by line: should the process crash in a check, the report shows in which.
    for label, value in (*_python(), *_machine(), *_engine(), *_environment()):
        _tell(label, value)
    return _self_check()


def _tell(label: str, value: object) -> None:
    sys.stdout.write(f"{label + ': ':{_LABEL_WIDTH}}{value}\n")
    sys.stdout.flush()


def _python() -> Iterator[tuple[str, object]]:
    yield "PyLoop", f"{pyloop.__version__} ({Path(pyloop.__file__).parent})"
    build = " ".join(platform.python_build())
    yield "Python", f"{platform.python_implementation()} {platform.python_version()} ({build}; {sys.executable})"


def _machine() -> Iterator[tuple[str, object]]:
    yield "system", f"{_distribution()}, {platform.system()} {platform.release()}, {platform.machine()}"
    yield "C library", " ".join(platform.libc_ver()).strip() or "unknown"
    facts = _processor()
    model = next((facts[key] for key in _MODEL_KEYS if key in facts), "unknown")
    yield "processor", f"{model}; {_usable_processors()} of {os.cpu_count()} usable"
    features = next((facts[key] for key in _FEATURE_KEYS if key in facts), "")
    yield "its features", " ".join(sorted(_FEATURES.intersection(features.split()))) or "unknown"


def _engine() -> Iterator[tuple[str, object]]:
    try:
        support.check()
        chosen = choice.chosen()
    except RuntimeError as error:
        yield "engine", error
        return
    yield "engine", chosen
    if chosen == "native":
        from pyloop import _native  # noqa: PLC0415 - it may not be there

        yield "native library", f"{_native.__file__} ({Path(_native.__file__).stat().st_size / 1e6:.1f} MB)"
    else:
        yield "native library", choice.library_problem() or "loads"
        yield from _java()
    try:
        yield "heap", f"{choice.max_heap() >> 20} MiB at the most"
    except ValueError as error:
        yield "heap", error


def _java() -> Iterator[tuple[str, object]]:
    # Where the platform is not supported, not even these can be imported.
    from pyloop._start.jvm.java_home import find_java_home  # noqa: PLC0415
    from pyloop._start.jvm.launch import jvm_options  # noqa: PLC0415

    try:
        home = find_java_home()
    except RuntimeError as error:
        yield "Java", error
        return
    yield "Java", f"{home.path} ({home.source})"
    yield "Java version", _java_version(home)
    try:
        yield "JVM options", shlex.join(jvm_options(choice.max_heap()))
    except ValueError as error:
        yield "JVM options", error


def _environment() -> Iterator[tuple[str, object]]:
    for name in sorted(os.environ):
        if name.startswith(_VARIABLES):
            yield name, os.environ[name]


def _java_version(home: JavaHome) -> str:
    facts = _facts((home.path / "release").read_text(encoding="utf-8", errors="replace"), "=")
    version = facts.get("JAVA_RUNTIME_VERSION") or facts["JAVA_VERSION"]
    details = [facts[key] for key in ("IMPLEMENTOR", "MODULES") if key in facts]
    return ", ".join([version, *(text if len(text) < 80 else f"{len(text.split())} modules" for text in details)])


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return "unknown distribution"


def _processor() -> dict[str, str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return _facts(text.partition("\n\n")[0], ":")


def _usable_processors() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _facts(text: str, separator: str) -> dict[str, str]:
    """Return the names and values of a file with one of each a line."""
    lines = (line.partition(separator) for line in text.splitlines())
    return {name.strip(): value.strip().strip('"') for name, _, value in lines}


def _self_check() -> bool:
    """Do with a loop what programs do, and tell of each whether it went well."""
    checks: tuple[tuple[str, Callable[[], Awaitable[object]]], ...] = (
        ("callback", _callback),
        ("timer", _timer),
        ("thread-safe call", _thread_safe_call),
        ("TCP echo", _tcp_echo),
    )
    try:
        loop = pyloop.new_event_loop()
    except (OSError, RuntimeError, ValueError) as error:
        # The report has told of a missing Java already.
        _tell("self-check", f"failed, no loop could be made: {str(error).splitlines()[0]}")
        return False
    passed = True
    try:
        for name, check in checks:
            try:
                loop.run_until_complete(asyncio.wait_for(check(), _CHECK_SECONDS))
            except Exception as error:
                # Whatever it is, it is what the report is for.
                passed = False
                _tell(f"check: {name}", f"failed: {error!r}")
            else:
                _tell(f"check: {name}", "ok")
    finally:
        loop.close()
    _tell("self-check", "ok" if passed else "failed")
    return passed


async def _callback() -> None:
    loop = asyncio.get_running_loop()
    called = loop.create_future()
    loop.call_soon(called.set_result, None)
    await called


async def _timer() -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    await asyncio.sleep(0.01)
    if loop.time() - start < 0.01:
        raise RuntimeError("it ran too early")


async def _thread_safe_call() -> None:
    loop = asyncio.get_running_loop()
    called = asyncio.Event()
    thread = threading.Thread(target=loop.call_soon_threadsafe, args=(called.set,))
    thread.start()
    await called.wait()
    thread.join()


async def _tcp_echo() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read())
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(_MESSAGE)
        writer.write_eof()
        if await reader.read() != _MESSAGE:
            raise RuntimeError("what came back is not what was sent")
        writer.close()
        await writer.wait_closed()
