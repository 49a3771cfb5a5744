"""The servers that are measured: `servers.py LOOP WORKLOAD` serves until it is killed, and prints where.

They are what a program would be, with each loop's defaults. `--core` pins the process, the JVM's threads included.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import socket
import ssl
import subprocess
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import cast

from . import loops, machine
from .generator import cache
from .network import WORKLOADS

CHUNK = bytes(64 << 10)
BACKLOG = 1024
"""Of all servers: clients that connect all at once shall not be turned away."""

HOST = "127.0.0.1"
PORTS = range(20_000, 32_000)

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


def tls(protocol: Callable[[], asyncio.Protocol]) -> Start:
    """Return what starts a server of `protocol` over TLS, with a certificate made for the purpose."""

    async def start(port: int) -> object:
        certificate = cache() / "certificate.pem"
        if not certificate.exists():
            make_certificate(certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        return await asyncio.get_running_loop().create_server(protocol, HOST, port, ssl=context, backlog=BACKLOG)

    return start


def make_certificate(file: Path) -> None:
    """Write a private key and a certificate signed with it."""
    options = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=localhost"
    written = subprocess.run(
        ["openssl", "req", *options.split(), "-keyout", "-"], check=True, capture_output=True, text=True
    )
    file.write_text(written.stdout)


def uvicorn(size: int) -> Start:
    """Return what serves `size` bytes with uvicorn, its parser httptools."""

    async def start(port: int) -> object:
        from .http_servers import start_uvicorn  # noqa: PLC0415

        return await start_uvicorn(HOST, port, BACKLOG, bytes(size))

    return start


async def start_aiohttp(port: int) -> object:
    """Serve plaintext with aiohttp."""
    from .http_servers import start_aiohttp  # noqa: PLC0415

    return await start_aiohttp(HOST, port, BACKLOG, bytes(13))


async def start_sockets(port: int) -> object:
    """Serve an echo that is written with the loop's methods for sockets."""
    loop = asyncio.get_running_loop()
    listener = socket.create_server((HOST, port), backlog=BACKLOG)
    listener.setblocking(False)
    tasks = set()

    async def serve(connection: socket.socket) -> None:
        with connection:
            while data := await loop.sock_recv(connection, 1 << 16):
                await loop.sock_sendall(connection, data)

    async def accept() -> None:
        while True:
            connection, _ = await loop.sock_accept(listener)
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            tasks.add(task := loop.create_task(serve(connection)))
            task.add_done_callback(tasks.discard)

    return loop.create_task(accept())


class DatagramEcho(asyncio.DatagramProtocol):
    """Sends back what it gets."""

    transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(data, addr)


class DatagramSink(DatagramEcho):
    """Counts what it gets, and acknowledges every 32 of them."""

    received = 0

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.received += 1
        if not self.received % 32:
            self.transport.sendto(self.received.to_bytes(8, sys.byteorder), addr)


def datagrams(protocol: Callable[[], asyncio.DatagramProtocol]) -> Start:
    """Return what receives datagrams."""

    async def start(port: int) -> object:
        return await asyncio.get_running_loop().create_datagram_endpoint(protocol, (HOST, port))

    return start


SERVERS: dict[str, Start] = {
    "echo": serving(Echo),
    "four-writes": serving(FourWrites),
    "four-writes-socket": start_four_writes_socket,
    "streams": start_streams,
    "sink": serving(Sink),
    "source": serving(Source),
    "closer": serving(Closer),
    "tls": tls(Echo),
    "tls-sink": tls(Sink),
    "sockets": start_sockets,
    "datagrams": datagrams(DatagramEcho),
    "datagram-sink": datagrams(DatagramSink),
    "uvicorn": uvicorn(13),
    "uvicorn-10k": uvicorn(10 << 10),
    "aiohttp": start_aiohttp,
}


def free_port() -> int:
    """Return a port nobody listens on. Not every loop's server tells its port, so that 0 cannot be asked for.

    It is none of those that the system gives away by itself: nobody else gets it before it is used.
    """
    for port in random.sample(PORTS, len(PORTS)):
        with suppress(OSError), socket.create_server((HOST, port)):
            return port
    raise OSError(f"no free port in {PORTS}")


def main() -> None:
    """Serve one workload on one loop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loop", choices=loops.available())
    parser.add_argument("workload", choices=list(WORKLOADS))
    parser.add_argument("--core", type=int, help="the only core to run on")
    parser.add_argument("--port", type=int, default=0, help="(default: any that is free)")
    parser.add_argument("--folder", type=Path, help="where a Unix socket may be made")
    arguments = parser.parse_args()
    if arguments.core is not None:
        os.sched_setaffinity(0, {arguments.core})
    machine.raise_file_limit()
    port = arguments.port or free_port()
    loop = loops.new_loop(arguments.loop)
    kind = WORKLOADS[arguments.workload].server
    if kind == "unix":
        path = str(arguments.folder / "socket")
        server: object = loop.run_until_complete(loop.create_unix_server(Echo, path, backlog=BACKLOG))
        print(f"path={path}", flush=True)
    else:
        server = loop.run_until_complete(SERVERS[kind](port))
        print(f"port={port}", flush=True)
    with suppress(KeyboardInterrupt):
        loop.run_forever()
    del server


if __name__ == "__main__":
    main()
