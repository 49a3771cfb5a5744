"""The server of `churn.py`: `churn_server.py LOOP` prints its port and, for each line it is sent, what it holds.

The first byte of a message says what becomes of its connection.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import weakref
from pathlib import Path
from typing import cast

from pyloop_bench import loops

LARGE = bytes(1 << 20)
BACKLOG = 1024
PAUSE_SECONDS = 0.005

alive: dict[str, weakref.WeakSet[object]] = {"transports": weakref.WeakSet(), "protocols": weakref.WeakSet()}


class Churned(asyncio.Protocol):
    """Echoes; `c` closes after the reply, `a` aborts, `l` replies with much, `p` stops reading for a while."""

    transport: asyncio.Transport
    resuming: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        alive["transports"].add(transport)
        alive["protocols"].add(self)

    def data_received(self, data: bytes) -> None:
        match data[:1]:
            case b"c":
                self.transport.write(data)
                self.transport.close()
            case b"a":
                self.transport.abort()
            case b"l":
                self.transport.write(LARGE)
            case b"p" if not self.resuming:
                self.transport.write(data)
                self.transport.pause_reading()
                self.resuming = asyncio.get_running_loop().call_later(PAUSE_SECONDS, self.resume)
            case _:
                self.transport.write(data)

    def resume(self) -> None:
        self.resuming = None
        self.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.resuming:
            self.resuming.cancel()


def holdings() -> dict[str, int]:
    """Return what this process holds; garbage has been collected."""
    gc.collect()
    handles = sum(isinstance(found, asyncio.Handle) for found in gc.get_objects())
    memory = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return {
        "descriptors": sum(1 for _ in Path("/proc/self/fd").iterdir()),
        **{kind: len(found) for kind, found in alive.items()},
        "handles": handles,
        "objects": len(gc.get_objects()),
        "rss": memory,
    }


class Control(asyncio.Protocol):
    """Answers each line on standard input."""

    def data_received(self, data: bytes) -> None:
        print(json.dumps(holdings()), flush=True)


async def serve() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Churned, "127.0.0.1", 0, backlog=BACKLOG)
    await loop.connect_read_pipe(Control, sys.stdin)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve on the loop named."""
    loops.new_loop(sys.argv[1]).run_until_complete(serve())


if __name__ == "__main__":
    main()
