"""Makes an AOT cache, in processes of its own: ``_training.py CACHE LOCK LIBJVM JAR``.

The JVM makes one in two steps: it records while a program runs, and it writes the cache from the record, in a process
that ends with that. The program is every hot path of the engine, run often enough to be compiled. Before that it runs
once to find out what the record would miss (``_lambda_forms``).
"""

from __future__ import annotations

import asyncio
import gc
import os
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

# Until the optimizing compiler is done with them: what it has not come to, later JVMs have to profile themselves.
_CALLBACKS = 800_000
_TIMERS = 30_000
_MESSAGES = 300
_STREAM_SIZES = (64,) * 10 + (100_000,)
# Of each of three steps. Long, for a machine may have better to do than this for a while; but all of them together
# shorter than others respect the lock.
_TIMEOUT_SECONDS = 1000
_LOCALHOST = "127.0.0.1"

# What is compiled while the JVM records is compiled as soon as a later JVM starts. That is meant for the engine, not
# for what the JDK does at its own start: compiling that would take a second processor for 0.1 s.
_RECORDED = ("-XX:CompileCommand=quiet", "-XX:CompileCommand=compileonly,dev.pyloop.*::*")


def main() -> None:
    """Make the cache, or leave nothing behind but the lock, which keeps others from trying soon."""
    # What the program that ordered this has open, and hands to its children, is not to be kept open from here.
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir("/")
    os.umask(0o077)
    cache, lock, libjvm, jar = map(Path, sys.argv[1:])
    try:
        make(cache, libjvm, jar)
        lock.unlink()
    except (OSError, subprocess.SubprocessError):
        from pyloop import _cache_order  # noqa: PLC0415 - found by the path that running as a program sets

        _cache_order.postpone(lock)


def make(cache: Path, libjvm: Path, jar: Path) -> None:
    """Make the cache for a Java runtime and a jar, in the environment of this process.

    Raises:
        OSError: there is no room or no permission.
        subprocess.SubprocessError: a step failed, or took too long.
    """
    from pyloop import _cache, _cache_order  # noqa: PLC0415 - found by the path that running as a program sets

    record, made, runtime = (cache.with_suffix(f".{os.getpid()}.{kind}") for kind in ("record", "new", "java"))
    try:
        recording = _with_all_forms(libjvm, jar, runtime)
        configuration = f"-XX:AOTConfiguration={record}"
        _run(recording, jar, "train", "-XX:AOTMode=record", configuration, *_RECORDED)
        create = ("-XX:AOTMode=create", configuration, f"-XX:AOTCache={made}")
        _run(libjvm, jar, "write", *create, *_cache.OPTIONS_WITH_CACHE)
        _cache_order.publish(made, cache)
    finally:
        for file in (record, made):
            file.unlink(missing_ok=True)
        shutil.rmtree(runtime, ignore_errors=True)


def _with_all_forms(libjvm: Path, jar: Path, folder: Path) -> Path:
    """Return the JVM to record with: a copy of the runtime in ``folder``, if it has what a copy needs."""
    from pyloop import _lambda_forms  # noqa: PLC0415

    home = libjvm.parents[2]
    # Without it another Java would be found, and make a cache that is of no use to this one.
    libjvm.stat()
    if not (home / "lib" / "classlist").is_file():
        return libjvm
    trace = _run(libjvm, jar, "train", _lambda_forms.TRACE_OPTION)
    _lambda_forms.copy_runtime(home, folder, _lambda_forms.missing(trace))
    return folder / libjvm.relative_to(home)


def _run(libjvm: Path, jar: Path, step: str, *options: str) -> str:
    """Run a step in a process of its own, and return what it wrote to its standard output."""
    environment = {
        **os.environ,
        "PYLOOP_JAVA_HOME": str(libjvm.parents[2]),
        "PYLOOP_NO_CACHE": "1",
        "PYLOOP_JVM_OPTIONS": f"{os.environ.get('PYLOOP_JVM_OPTIONS', '')} {shlex.join(options)}",
    }
    root = str(jar.parents[2])
    code = f"import sys; sys.path.insert(0, {root!r}); from pyloop import _training; _training.{step}()"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=_TIMEOUT_SECONDS,
        text=True,
        errors="replace",
    ).stdout


def write() -> None:
    """Start the JVM, which writes the cache and ends the process."""
    from pyloop import _engine  # noqa: F401, PLC0415


def train() -> None:
    """Run what programs run most, and end the JVM in the way that makes it record."""
    import pyloop  # noqa: PLC0415
    from pyloop import _jvm  # noqa: PLC0415
    from pyloop._java_home import find_java_home  # noqa: PLC0415

    loop = pyloop.new_event_loop()
    _callbacks(loop)
    for path in (_timers, _threads, _children, _streams, _raw_sockets, _datagrams, _pipes):
        loop.run_until_complete(path(loop))
    gc.collect()
    loop.close()
    _jvm.destroy(find_java_home().libjvm)
    os._exit(0)


def _callbacks(loop: asyncio.AbstractEventLoop) -> None:
    left = _CALLBACKS

    def again() -> None:
        nonlocal left
        left -= 1
        if left:
            loop.call_soon(again)
        else:
            loop.stop()

    loop.call_soon(again)
    loop.run_forever()


async def _timers(loop: asyncio.AbstractEventLoop) -> None:
    for _ in range(_TIMERS):
        loop.call_later(0.001, int).cancel()
        loop.call_later(0, int)
        await asyncio.sleep(0)
    await asyncio.gather(*(asyncio.sleep(0.001) for _ in range(100)))


async def _threads(loop: asyncio.AbstractEventLoop) -> None:
    for _ in range(_MESSAGES):
        await loop.run_in_executor(None, int)


async def _children(_loop: asyncio.AbstractEventLoop) -> None:
    for _ in range(3):
        child = await asyncio.create_subprocess_exec("cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        await child.communicate(bytes(1000))


async def _streams(loop: asyncio.AbstractEventLoop) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, size: int) -> None:
        for _ in range(_MESSAGES):
            writer.write(bytes(size))
            await reader.readexactly(size)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, _LOCALHOST, 0)
    port = server.sockets[0].getsockname()[1]
    for _ in range(3):
        pairs = [await asyncio.open_connection(_LOCALHOST, port) for _ in _STREAM_SIZES]
        await asyncio.gather(*(talk(*pair, size) for pair, size in zip(pairs, _STREAM_SIZES, strict=True)))
    server.close()
    await server.wait_closed()
    ours, theirs = socket.socketpair()
    answering = loop.create_task(serve(*await asyncio.open_connection(sock=theirs)))
    await talk(*await asyncio.open_connection(sock=ours), 64)
    await answering


async def _raw_sockets(loop: asyncio.AbstractEventLoop) -> None:
    with socket.create_server((_LOCALHOST, 0)) as server, socket.socket() as ours:
        server.setblocking(False)
        ours.setblocking(False)
        accepting = loop.create_task(loop.sock_accept(server))
        await loop.sock_connect(ours, server.getsockname())
        theirs, _ = await accepting
        with theirs:
            theirs.setblocking(False)
            for _ in range(_MESSAGES):
                receiving = loop.create_task(_receive(loop, theirs))
                await loop.sock_sendall(ours, bytes(64))
                await receiving


async def _receive(loop: asyncio.AbstractEventLoop, end: socket.socket) -> None:
    await loop.sock_recv(end, 32)
    await loop.sock_recv_into(end, bytearray(32))


class _Echo(asyncio.DatagramProtocol):
    """Sends back what it gets, so often."""

    def __init__(self, done: asyncio.Future[None]) -> None:
        self._left = _MESSAGES * 10
        self._done = done

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._left -= 1
        if self._left > 0:
            self._transport.sendto(data, addr)
        elif not self._done.done():
            self._done.set_result(None)


async def _datagrams(loop: asyncio.AbstractEventLoop) -> None:
    done = loop.create_future()
    server, _ = await loop.create_datagram_endpoint(lambda: _Echo(done), (_LOCALHOST, 0))
    client, _ = await loop.create_datagram_endpoint(lambda: _Echo(done), remote_addr=server.get_extra_info("sockname"))
    for _ in range(10):
        client.sendto(bytes(64))
    # The kernel may drop datagrams: the rest is trained by what arrived.
    await asyncio.wait([done], timeout=5)
    client.close()
    server.close()


async def _pipes(loop: asyncio.AbstractEventLoop) -> None:
    reader = asyncio.StreamReader()
    read_end, write_end = os.pipe()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb", 0))
    transport, _ = await loop.connect_write_pipe(asyncio.Protocol, os.fdopen(write_end, "wb", 0))
    for _ in range(_MESSAGES):
        transport.write(bytes(64))
        await reader.readexactly(64)
    transport.close()
    await reader.read()


if __name__ == "__main__":
    # Run by its path, in isolation: the package is where this file is.
    sys.path[0:0] = [str(Path(__file__).resolve().parents[1])]
    main()
