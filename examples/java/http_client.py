"""The JDK's HTTP client against a server on the same loop; the client's threads are the loop, too."""

from __future__ import annotations

import asyncio

import jpype

import pyloop
import pyloop.java as pj

REQUESTS = 20


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request: what was asked for is the body."""
    path = (await reader.readuntil(b"\r\n\r\n")).split()[1]
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path))
    writer.close()
    await writer.wait_closed()


async def main() -> None:
    pj.install()
    client_class, request = jpype.JClass("java.net.http.HttpClient"), jpype.JClass("java.net.http.HttpRequest")
    handlers = jpype.JClass("java.net.http.HttpResponse").BodyHandlers
    client = client_class.newBuilder().version(client_class.Version.HTTP_1_1).executor(pj.executor()).build()
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]

        async def get(number: int) -> str:
            uri = jpype.JClass("java.net.URI").create(f"http://127.0.0.1:{port}/{number}")
            response = await client.sendAsync(request.newBuilder(uri).build(), handlers.ofString())
            return str(response.body())

        print(*await asyncio.gather(*map(get, range(REQUESTS))))


if __name__ == "__main__":
    jpype.startJVM()
    pyloop.run(main())
