"""An HTTP/1.1 server on asyncio streams, and a client in the same program that loads it over keep-alive connections."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

CONNECTIONS = 40
REQUESTS_PER_CONNECTION = 100

HOME_PAGE = b"Hello from asyncio\n"

Answer = tuple[HTTPStatus, bytes]
"""The status and the body of a response."""


def respond(method: str, path: str, body: bytes) -> Answer:
    """Return the answer to one request: the site has a home page and an echo."""
    match method, path:
        case "GET", "/":
            return HTTPStatus.OK, HOME_PAGE
        case "POST", "/echo":
            return HTTPStatus.OK, body
        case _, "/" | "/echo":
            return HTTPStatus.METHOD_NOT_ALLOWED, b""
        case _:
            return HTTPStatus.NOT_FOUND, b""


async def read_message(reader: asyncio.StreamReader) -> tuple[str, Mapping[str, str], bytes]:
    """Return the first line, the headers (names in lower case) and the body of a request or a response."""
    head = await reader.readuntil(b"\r\n\r\n")
    first_line, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return first_line, headers, body


@dataclass
class Server:
    """Serves connections and counts them and the statuses of its responses."""

    statuses: Counter[HTTPStatus] = field(default_factory=Counter)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, until one of them asks to close it."""
        self.connections += 1
        keep_alive = True
        while keep_alive:
            request_line, headers, body = await read_message(reader)
            keep_alive = headers.get("connection") != "close"
            method, path, _ = request_line.split(" ", 2)
            status, content = respond(method, path, body)
            self.statuses[status] += 1
            head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Length: {len(content)}\r\n\r\n"
            writer.write(head.encode("latin-1") + content)
            await writer.drain()
        writer.close()
        await writer.wait_closed()


class Client:
    """Sends requests over one open connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Use the two streams of an open connection."""
        self._reader = reader
        self._writer = writer

    async def request(self, method: str, path: str, body: bytes = b"", connection: str = "keep-alive") -> Answer:
        """Send one request and return the response's status and body."""
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: {connection}\r\nContent-Length: {len(body)}"
        self._writer.write(head.encode("latin-1") + b"\r\n\r\n" + body)
        status_line, _, content = await read_message(self._reader)
        return HTTPStatus(int(status_line.split(" ")[1])), content

    async def close(self) -> None:
        """See the server end the connection, then close it."""
        assert await self._reader.read() == b""
        self._writer.close()
        await self._writer.wait_closed()


async def load(port: int, number: int) -> Counter[HTTPStatus]:
    """Send one connection's share of the requests, check the answers and return their statuses."""
    client = Client(*await asyncio.open_connection("127.0.0.1", port))
    statuses: Counter[HTTPStatus] = Counter()
    for turn in range(REQUESTS_PER_CONNECTION - 1):
        message = f"message {turn} of client {number}\n".encode() * (turn + 1)
        match turn % 10:
            case 0:
                status, content = await client.request("GET", "/nowhere")
                assert content == b""
            case 1 | 2 | 3:
                status, content = await client.request("POST", "/echo", message)
                assert content == message
            case _:
                status, content = await client.request("GET", "/")
                assert content == HOME_PAGE
        statuses[status] += 1
    status, _ = await client.request("GET", "/", connection="close")
    statuses[status] += 1
    await client.close()
    return statuses


async def main() -> None:
    """Serve, load the server, and compare what both sides counted."""
    loop = asyncio.get_running_loop()
    print(f"http_server on {type(loop).__module__}.{type(loop).__qualname__}")
    site = Server()
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        start = time.perf_counter()
        counts = await asyncio.gather(*(load(port, number) for number in range(CONNECTIONS)))
        seconds = time.perf_counter() - start
    received = sum(counts, Counter())
    total = CONNECTIONS * REQUESTS_PER_CONNECTION
    assert site.connections == CONNECTIONS
    assert received == site.statuses == {HTTPStatus.OK: total * 9 // 10, HTTPStatus.NOT_FOUND: total // 10}
    print(
        f"  {total:,} requests over {CONNECTIONS} keep-alive connections in {seconds:.2f} s: {total / seconds:,.0f}/s"
    )
    print("  statuses: " + ", ".join(f"{status.value} {status.phrase} {n:,}" for status, n in site.statuses.items()))


if __name__ == "__main__":
    asyncio.run(main())
