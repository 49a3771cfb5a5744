"""The loop's methods for plain sockets, readers and writers."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from faults.scenarios.bytes_ import LARGE, SMALL, check


async def sock_methods() -> None:
    """A connection made, accepted and used by methods of the loop."""
    loop = asyncio.get_running_loop()
    with socket.socket() as listener, socket.socket() as client:
        listener.setblocking(False)
        client.setblocking(False)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        accepting = asyncio.ensure_future(loop.sock_accept(listener))
        served = None
        try:
            await loop.sock_connect(client, listener.getsockname())
            served, _ = await accepting
            sending = asyncio.ensure_future(loop.sock_sendall(client, LARGE))
            received = bytearray()
            buffer = bytearray(50_000)
            try:
                while len(received) < len(LARGE) and (count := await loop.sock_recv_into(served, buffer)):
                    received += buffer[:count]
                check(received, LARGE)
                await sending
            finally:
                sending.cancel()
            await loop.sock_sendall(served, SMALL)
            answer = b""
            while len(answer) < len(SMALL) and (data := await loop.sock_recv(client, 1000)):
                answer += data
            check(answer, SMALL)
        finally:
            accepting.cancel()
            if served is not None:
                served.close()
            elif accepting.done() and not accepting.cancelled() and accepting.exception() is None:
                accepting.result()[0].close()


async def sock_datagrams() -> None:
    """Datagrams by methods of the loop."""
    loop = asyncio.get_running_loop()
    with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as other:
        for end in (one, other):
            end.setblocking(False)
            end.bind(("127.0.0.1", 0))
        receiving = asyncio.ensure_future(loop.sock_recvfrom(other, 1000))
        try:
            await asyncio.sleep(0)
            await loop.sock_sendto(one, SMALL, other.getsockname())
            data, address = await receiving
            check(data, SMALL)
            await loop.sock_sendto(other, data, address)
            buffer = bytearray(1000)
            count, _ = await loop.sock_recvfrom_into(one, buffer)
            check(buffer[:count], SMALL)
        finally:
            receiving.cancel()


async def readers_and_writers() -> None:
    """Descriptors that are watched, both ways, and not any more."""
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        done = loop.create_future()
        received = bytearray()
        sent = 0

        def read() -> None:
            with contextlib.suppress(BlockingIOError):
                received.extend(ours.recv(100))
                if len(received) == len(SMALL):
                    done.set_result(None)

        def write() -> None:
            nonlocal sent
            with contextlib.suppress(BlockingIOError):
                sent += theirs.send(SMALL[sent:])
                if sent == len(SMALL):
                    loop.remove_writer(theirs)

        loop.add_reader(ours, read)
        try:
            loop.add_writer(theirs, write)
            loop.add_reader(theirs, print)
            await done
            check(received, SMALL)
        finally:
            loop.remove_reader(ours)
            loop.remove_reader(theirs)
            loop.remove_writer(theirs)
