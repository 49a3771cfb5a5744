"""pyzmq's asyncio sockets on a PyLoop loop, which watches the one descriptor that ZeroMQ gives it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
import zmq
import zmq.asyncio

from support.streams import run


@contextlib.contextmanager
def _sockets(*kinds: int) -> Iterator[list[Any]]:
    """Sockets of a context of their own, the first bound, the others connected to it."""
    context = zmq.asyncio.Context()
    sockets = [context.socket(kind) for kind in kinds]
    try:
        port = sockets[0].bind_to_random_port("tcp://127.0.0.1")
        for socket in sockets[1:]:
            socket.connect(f"tcp://127.0.0.1:{port}")
        yield sockets
    finally:
        context.destroy(linger=0)


def test_requests_are_answered_in_order(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> list[bytes]:
        with _sockets(zmq.REP, zmq.REQ) as (server, client):

            async def serve() -> None:
                while True:
                    await server.send((await server.recv()).upper())

            serving = asyncio.ensure_future(serve())
            answers = []
            for number in range(200):
                await client.send(b"request %d" % number)
                answers.append(await client.recv())
            serving.cancel()
            return answers

    assert run(loop, main()) == [b"REQUEST %d" % number for number in range(200)]


def test_a_stream_of_messages_arrives_whole(loop: asyncio.AbstractEventLoop) -> None:
    count = 5_000

    async def main() -> list[list[bytes]]:
        with _sockets(zmq.PULL, zmq.PUSH) as (sink, source):

            async def produce() -> None:
                for number in range(count):
                    await source.send_multipart([b"%d" % number, b"x" * (number % 1_000)])

            received, _ = await asyncio.gather(_take(sink, count), produce())
            return received

    assert run(loop, main()) == [[b"%d" % number, b"x" * (number % 1_000)] for number in range(count)]


async def _take(socket: Any, count: int) -> list[list[bytes]]:
    return [await socket.recv_multipart() for _ in range(count)]


def test_receiving_can_be_given_up_without_losing_a_message(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> bytes:
        with _sockets(zmq.PULL, zmq.PUSH) as (sink, source):
            for _ in range(20):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(sink.recv(), 0.001)
            await source.send(b"the first")
            received: bytes = await sink.recv()
            return received

    assert run(loop, main()) == b"the first"
