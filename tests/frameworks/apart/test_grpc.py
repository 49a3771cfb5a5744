"""grpc.aio's server and client on one PyLoop loop: calls, streams, errors, deadlines and cancellation."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc.aio
import pytest

from support.descriptors import open_descriptors
from support.programs import HANG_SECONDS, lines_of
from support.streams import run


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Wait until gRPC's own threads have closed what they opened, which they do some time later."""
    descriptors = open_descriptors()
    yield
    gc.collect()
    deadline = time.monotonic() + HANG_SECONDS
    while open_descriptors() != descriptors and time.monotonic() < deadline:
        time.sleep(0.05)
    assert open_descriptors() == descriptors


class _Handler(grpc.GenericRpcHandler):
    """Answers calls by what they are called, without messages of a generated kind."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        kinds: dict[str, Any] = {
            "/reverse": grpc.unary_unary_rpc_method_handler(self._reverse),
            "/fail": grpc.unary_unary_rpc_method_handler(self._fail),
            "/never": grpc.unary_unary_rpc_method_handler(self._never),
            "/upper": grpc.stream_stream_rpc_method_handler(self._upper),
        }
        return kinds[handler_call_details.method]

    async def _reverse(self, request: bytes, context: Any) -> bytes:
        await asyncio.sleep(0)
        return request[::-1]

    async def _fail(self, request: bytes, context: Any) -> bytes:
        await context.abort(grpc.StatusCode.NOT_FOUND, request.decode())
        raise AssertionError("aborted before")

    async def _never(self, request: bytes, context: Any) -> bytes:
        await asyncio.Event().wait()
        return request

    async def _upper(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        async for request in requests:
            yield request.upper()


@contextlib.asynccontextmanager
async def _channel() -> AsyncIterator[Any]:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_Handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        await server.stop(None)


def test_many_calls_are_answered_at_once(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> list[bytes]:
        async with _channel() as channel:
            reverse = channel.unary_unary("/reverse")
            return list(await asyncio.gather(*(reverse(b"%d" % number) for number in range(200))))

    assert run(loop, main()) == [(b"%d" % number)[::-1] for number in range(200)]


def test_streams_go_both_ways_at_once(loop: asyncio.AbstractEventLoop) -> None:
    sent = [b"%d" % number * 10_000 + b"a" for number in range(100)]

    async def main() -> list[bytes]:
        async def produce() -> AsyncIterator[bytes]:
            for message in sent:
                yield message

        async with _channel() as channel:
            return [message async for message in channel.stream_stream("/upper")(produce())]

    assert run(loop, main()) == [message.upper() for message in sent]


def test_an_error_and_a_deadline_arrive(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        async with _channel() as channel:
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await channel.unary_unary("/fail")(b"nothing here")
            assert (failed.value.code(), failed.value.details()) == (grpc.StatusCode.NOT_FOUND, "nothing here")
            with pytest.raises(grpc.aio.AioRpcError) as late:
                await channel.unary_unary("/never")(b"", timeout=0.05)
            assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED

    run(loop, main())


def test_a_call_is_cancelled(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        async with _channel() as channel:
            call = channel.unary_unary("/never")(b"")
            await asyncio.sleep(0.01)
            assert call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert await channel.unary_unary("/reverse")(b"still there") == b"ereht llits"

    run(loop, main())


def test_a_call_that_outlives_its_loop_is_reported_by_the_next(loop_name: str) -> None:
    """On any loop, up to gRPC 1.85: it has one queue for all, and whichever reads that calls the loop of the call."""
    assert lines_of(
        """
import socket
import grpc.aio

silent = socket.create_server(("127.0.0.1", 0))
target = "127.0.0.1:%d" % silent.getsockname()[1]
kept = []

async def call():
    channel = grpc.aio.insecure_channel(target)
    # A call that is cancelled when its loop ends is over in the same way, if gRPC's thread is late.
    kept.extend([channel, channel.unary_unary("/never")(b"", timeout=0.2)])
    await asyncio.sleep(0)

async def later():
    reported = asyncio.get_running_loop().create_future()
    def report(loop, context):
        if not reported.done():
            reported.set_result(str(context["exception"]))
    asyncio.get_running_loop().set_exception_handler(report)
    async with grpc.aio.insecure_channel(target) as channel:
        say(await asyncio.wait_for(reported, 20))
        try:
            await channel.unary_unary("/never")(b"", timeout=0.01)
        except grpc.aio.AioRpcError as error:
            say(error.code().name)

first = new_event_loop()
first.run_until_complete(call())
first.close()
second = new_event_loop()
second.run_until_complete(later())
second.close()
""",
        loop=loop_name,
    ) == ["Event loop is closed", "DEADLINE_EXCEEDED"]
