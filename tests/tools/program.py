"""A small program on PyLoop for the tools to look at: an echo server and its clients; says which loop it ran on.

Without the number of lines to send it goes on until it is ended.
"""

from __future__ import annotations

import asyncio
import itertools
import sys

import pyloop


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line.upper())
    writer.close()


async def talk(port: int, count: int | None) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in itertools.count() if count is None else range(count):
        writer.write(b"line %d\n" % number)
        answer = await reader.readline()
        assert answer == b"LINE %d\n" % number
    writer.close()
    await writer.wait_closed()


async def main(count: int | None) -> None:
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        print("port", port, flush=True)
        await asyncio.gather(*(talk(port, count) for _ in range(3)))
    allocate()
    print(type(asyncio.get_running_loop()).__module__, flush=True)


def allocate() -> None:
    kept = [bytearray(1_000_000) for _ in range(20)]
    del kept


if __name__ == "__main__":
    pyloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else None))
