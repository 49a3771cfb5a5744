"""The servers that are measured: `servers.py LOOP WORKLOAD` serves until it is killed, and prints its port.

They are what a program would be, with each loop's defaults. `--core` pins the process, the JVM's threads included.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import ssl
import subprocess
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import cast

import loops
import machine
from generator import BUILD
from socket_workloads import WORKLOADS

CHUNK = bytes(64 << 10)
BACKLOG = 1024
"""Of all servers: clients that connect all at once shall not be turned away."""

HOST = "127.0.0.1"

Start = Callable[[int], Awaitable[object]]
"""Starts a server on a port; what it returns is kept for as long as the server is to live."""


class Connection(asyncio.Protocol):
    """A protocol that knows its transport."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)


class Echo(Connection):
    """Sends back what it gets."""

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


class FourWrites(Connection):
    """Sends back what it gets, in four parts."""

    def data_received(self, data: bytes) -> None:
        quarter = len(data) // 4
        self.transport.write(data[:quarter])
        self.transport.write(data[quarter : 2 * quarter])
        self.transport.write(data[2 * quarter : 3 * quarter])
        self.transport.write(data[3 * quarter :])


class Sink(asyncio.Protocol):
    """Counts what it gets."""

    received = 0

    def data_received(self, data: bytes) -> None:
        self.received += len(data)


class Source(Connection):
    """Sends for as long as it is connected, one write in each iteration of the loop in which the transport takes it."""

    sending = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.resume_writing()

    def pause_writing(self) -> None:
        self.sending = False

    def resume_writing(self) -> None:
        self.sending = True
        asyncio.get_running_loop().call_soon(self.send)

    def connection_lost(self, exc: Exception | None) -> None:
        self.sending = False

    def send(self) -> None:
        if self.sending:
            self.transport.write(CHUNK)
            asyncio.get_running_loop().call_soon(self.send)


class Closer(asyncio.Protocol):
    """Closes a connection that has been made."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def serving(protocol: Callable[[], asyncio.Protocol]) -> Start:
    """Return what starts a server of `protocol`."""

    async def start(port: int) -> object:
        return await asyncio.get_running_loop().create_server(protocol, HOST, port, backlog=BACKLOG)

    return start


async def start_four_writes_socket(port: int) -> object:
    """Serve `FourWrites` on a socket made beforehand, as it comes from a parent process or from systemd.

    Such a socket does not name its protocol (`proto` is 0); asyncio then leaves Nagle's algorithm on.
    """
    listener = socket.create_server((HOST, port), backlog=BACKLOG)
    return await asyncio.get_running_loop().create_server(FourWrites, sock=listener, backlog=BACKLOG)


async def start_streams(port: int) -> object:
    """Serve an echo that is written with streams."""

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.close()

    return await asyncio.start_server(serve, HOST, port, backlog=BACKLOG)


async def start_tls(port: int) -> object:
    """Serve an echo over TLS, with a certificate made for the purpose."""
    certificate = BUILD / "load-certificate.pem"
    if not certificate.exists():
        make_certificate(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return await asyncio.get_running_loop().create_server(Echo, HOST, port, ssl=context, backlog=BACKLOG)


def make_certificate(file: Path) -> None:
    """Write a private key and a certificate signed with it."""
    options = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=localhost"
    written = subprocess.run(
        ["openssl", "req", *options.split(), "-keyout", "-"], check=True, capture_output=True, text=True
    )
    file.write_text(written.stdout)


async def start_uvicorn(port: int) -> object:
    """Serve plaintext with uvicorn, its parser httptools."""
    from http_servers import start_uvicorn  # noqa: PLC0415

    return await start_uvicorn(HOST, port, BACKLOG)


async def start_aiohttp(port: int) -> object:
    """Serve plaintext with aiohttp."""
    from http_servers import start_aiohttp  # noqa: PLC0415

    return await start_aiohttp(HOST, port, BACKLOG)


SERVERS: dict[str, Start] = {
    "echo": serving(Echo),
    "four-writes": serving(FourWrites),
    "four-writes-socket": start_four_writes_socket,
    "streams": start_streams,
    "sink": serving(Sink),
    "source": serving(Source),
    "closer": serving(Closer),
    "tls": start_tls,
    "uvicorn": start_uvicorn,
    "aiohttp": start_aiohttp,
}


def free_port() -> int:
    """Return a port nobody listens on. Not every loop's server tells its port, so that 0 cannot be asked for."""
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def main() -> None:
    """Serve one workload on one loop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loop", choices=loops.available())
    parser.add_argument("workload", choices=list(WORKLOADS))
    parser.add_argument("--core", type=int, help="the only core to run on")
    parser.add_argument("--port", type=int, default=0, help="(default: any that is free)")
    arguments = parser.parse_args()
    if arguments.core is not None:
        os.sched_setaffinity(0, {arguments.core})
    machine.raise_file_limit()
    port = arguments.port or free_port()
    loop = loops.new_loop(arguments.loop)
    server = loop.run_until_complete(SERVERS[WORKLOADS[arguments.workload].server](port))
    print(port, flush=True)
    with suppress(KeyboardInterrupt):
        loop.run_forever()
    del server


if __name__ == "__main__":
    main()
