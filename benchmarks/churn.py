"""Wear a server out: connections that come, send, half-close, reset; then print what the server still holds.

Every so often all connections are closed, and what the server holds then should not grow: descriptors, transports,
protocols and handles alive, memory.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import struct
import subprocess
import sys
from asyncio import StreamReader, StreamWriter
from collections import Counter
from contextlib import suppress
from pathlib import Path
from time import monotonic

from pyloop_bench import loops, tables

CONNECTIONS = 200
SMALL_BYTES, LARGE_BYTES = 64, 100_000
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER's value that makes close() send a reset."""
SETTLING_SECONDS = 1.0
REPLY_TIMEOUT_SECONDS = 10
COUNTS = ("descriptors", "transports", "protocols", "handles", "objects")


async def exchange(reader: StreamReader, writer: StreamWriter, kind: bytes) -> None:
    """Send a message of `kind` and read its echo."""
    message = kind + bytes(random.choice((SMALL_BYTES, SMALL_BYTES, LARGE_BYTES)))
    writer.write(message)
    await reader.readexactly(len(message))


async def echoes(reader: StreamReader, writer: StreamWriter) -> None:
    """Exchange a few messages."""
    for _ in range(random.randrange(1, 10)):
        await exchange(reader, writer, random.choice((b"e", b"e", b"p")))


async def half_close(reader: StreamReader, writer: StreamWriter) -> None:
    """Send a message and the end, then read until the server has closed, too."""
    writer.write(b"e" + bytes(SMALL_BYTES))
    writer.write_eof()
    await reader.read(-1)


async def closed_by_server(reader: StreamReader, writer: StreamWriter) -> None:
    """Let the server close after a reply, or instead of one."""
    writer.write(random.choice((b"c", b"a")) + bytes(SMALL_BYTES))
    await reader.read(-1)


async def reset(_reader: StreamReader, writer: StreamWriter) -> None:
    """Reset the connection while a large reply is on its way, or before anything was sent."""
    if random.random() < 0.7:
        writer.write(b"l")
        await asyncio.sleep(random.random() / 100)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


async def leave(_reader: StreamReader, writer: StreamWriter) -> None:
    """Close without reading what was asked for."""
    writer.write(random.choice((b"e", b"l")) + bytes(SMALL_BYTES))
    await writer.drain()


ACTS = (echoes, half_close, closed_by_server, reset, leave)


async def churn(port: int, until: float, done: Counter[str]) -> None:
    """Open one connection after another, with a random act on each, and count the acts."""
    while monotonic() < until:
        act = random.choice(ACTS)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            async with asyncio.timeout(REPLY_TIMEOUT_SECONDS):
                with suppress(ConnectionError, asyncio.IncompleteReadError):
                    await act(reader, writer)
            done[act.__name__] += 1
        except TimeoutError:
            done[f"{act.__name__} without a reply"] += 1
        finally:
            writer.transport.abort()


async def wear_out(port: int, seconds: float, done: Counter[str]) -> None:
    """Churn with `CONNECTIONS` connections at once; SystemExit if they are refused."""
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(churn(port, monotonic() + seconds, done))
    except* ConnectionError as errors:
        raise SystemExit(f"the server takes no connections: {errors.exceptions[0]}") from None
    await asyncio.sleep(SETTLING_SECONDS)


def observe(arguments: argparse.Namespace, done: Counter[str]) -> list[dict[str, float]]:
    """Churn against a fresh server and return what it held, and when."""
    command = [sys.executable, str(Path(__file__).with_name("churn_server.py")), arguments.loop]
    held: list[dict[str, float]] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin
        assert server.stdout
        try:
            port = int(server.stdout.readline())
            start = monotonic()
            while not held or held[-1]["minutes"] < arguments.minutes:
                asyncio.run(wear_out(port, arguments.interval, done))
                server.stdin.write("\n")
                server.stdin.flush()
                holdings = json.loads(server.stdout.readline())
                held.append({"minutes": (monotonic() - start) / 60, "connections": done.total(), **holdings})
                print(*row(held[-1]), file=sys.stderr)
        finally:
            server.kill()
    return held


def row(held: dict[str, float]) -> list[str]:
    """Return a table's row of what a server held."""
    counts = (f"{held[key]:,}" for key in ("connections", *COUNTS))
    return [f"{held['minutes']:.1f}", *counts, f"{held['rss'] / 1e6:.1f}"]


def main() -> None:
    """Churn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loop", choices=loops.available(), default=loops.SUBJECT, help="(default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=10, help="(default: %(default)s)")
    parser.add_argument(
        "--interval",
        type=float,
        default=29,
        metavar="SECONDS",
        help="of churn, between two looks (default: %(default)s)",
    )
    arguments = parser.parse_args()
    done: Counter[str] = Counter()
    held = observe(arguments, done)
    print(", ".join(f"{act}: {count:,}" for act, count in sorted(done.items())), end="\n\n")
    print(tables.table(["minutes", "connections so far", *COUNTS, "RSS, MB"], map(row, held)))


if __name__ == "__main__":
    main()
