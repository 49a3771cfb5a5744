"""What can be written to a stream transport, and what becomes of it."""

from __future__ import annotations

import array
import asyncio
import ctypes
import sys
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from support.outcomes import outcome_of
from support.streams import (
    FAMILIES,
    LARGE,
    assert_same_course,
    opened,
    receive_all,
    run,
    skip_fault,
    socket_pair,
)

_TEXT = b"some bytes to write"
# Since then asyncio's own transports keep what waits as views and send it in vectors.
_STOCK_KEEPS_VIEWS = sys.version_info >= (3, 12)


class _Bytes(bytes):
    def __len__(self) -> int:
        raise AssertionError("the length is asked of the object's memory")


class _PlainBytes(bytes):
    pass


class _ByteArray(bytearray):
    pass


_WRITABLE: dict[str, Callable[[], Any]] = {
    "bytes": lambda: _TEXT,
    "one byte": lambda: b"x",
    "bytes of a subclass": lambda: _PlainBytes(_TEXT),
    "bytearray": lambda: bytearray(_TEXT),
    "bytearray of a subclass": lambda: _ByteArray(_TEXT),
    "bytearray that begins inside its memory": lambda: _without_its_head(bytearray(b"head" + _TEXT)),
    "view": lambda: memoryview(_TEXT),
    "view of a bytearray": lambda: memoryview(bytearray(_TEXT)),
    "part of a view": lambda: memoryview(_TEXT)[3:9],
    "view of characters": lambda: memoryview(_TEXT).cast("c"),
    "view of signed bytes": lambda: memoryview(_TEXT).cast("b"),
    "view of integers": lambda: memoryview(array.array("I", range(50))),
    "view of floats": lambda: memoryview(array.array("d", [1.5, -2.5])),
    "view of a structure": lambda: memoryview((ctypes.c_uint16 * 7)(*range(7))),
    "empty bytes": lambda: b"",
    "empty bytearray": bytearray,
    "empty view": lambda: memoryview(b""),
    "empty view of integers": lambda: memoryview(array.array("I")),
}


def _without_its_head(data: bytearray) -> bytearray:
    del data[:4]
    return data


@pytest.mark.parametrize("make", _WRITABLE.values(), ids=_WRITABLE)
def test_what_is_written_arrives(each_loop: asyncio.AbstractEventLoop, make: Callable[[], Any]) -> None:
    async def scenario() -> None:
        async with opened() as (transport, protocol, peer):
            data = make()
            transport.write(data)
            assert transport.get_write_buffer_size() == 0
            transport.write(b"|")
            transport.write_eof()
            assert await receive_all(peer) == bytes(data) + b"|"
            assert protocol.events == ["connection_made"]

    run(each_loop, scenario())


@pytest.mark.parametrize("family", FAMILIES)
def test_everything_in_one_stream(each_loop: asyncio.AbstractEventLoop, family: str) -> None:
    async def scenario() -> None:
        async with opened(pair=socket_pair(family)) as (transport, _, peer):
            for make in _WRITABLE.values():
                transport.write(make())
            transport.write(data=b"by name")
            transport.writelines(list_of_data=[b"as", b"well"])
            for lines, _text in _LINES.values():
                transport.writelines(lines())
            transport.write_eof()
            expected = (
                [bytes(make()) for make in _WRITABLE.values()]
                + [b"by nameaswell"]
                + [text for _, text in _LINES.values()]
            )
            assert await receive_all(peer) == b"".join(expected)

    run(each_loop, scenario())


@pytest.mark.parametrize("make", _WRITABLE.values(), ids=_WRITABLE)
def test_what_is_written_after_what_the_socket_did_not_take(
    each_loop: asyncio.AbstractEventLoop, make: Callable[[], Any]
) -> None:
    """Then the transport keeps it for later, whatever it is."""
    data = make()
    items = len(data)
    expected = bytes(data)
    if len(expected) != items:
        skip_fault(each_loop, "they count the items of a view, not its bytes")

    async def scenario() -> None:
        async with opened() as (transport, _, peer):
            transport.write(bytes(LARGE))
            waiting = transport.get_write_buffer_size()
            transport.write(data)
            assert transport.get_write_buffer_size() == waiting + len(expected)
            transport.write(b"|")
            transport.write_eof()
            assert await receive_all(peer) == bytes(LARGE) + expected + b"|"

    run(each_loop, scenario())


def test_a_view_of_two_dimensions_arrives(each_loop: asyncio.AbstractEventLoop) -> None:
    skip_fault(each_loop, "they raise NotImplementedError after they have sent it")

    async def scenario() -> None:
        async with opened() as (transport, _, peer):
            transport.write(memoryview(b"abcdef").cast("B", shape=(2, 3)))
            transport.write_eof()
            assert await receive_all(peer) == b"abcdef"

    run(each_loop, scenario())


def _released() -> memoryview:
    view = memoryview(b"text")
    view.release()
    return view


@pytest.mark.parametrize("before", [b"", bytes(LARGE)], ids=["at once", "after what the socket did not take"])
@pytest.mark.parametrize(
    "make", [lambda: memoryview(_TEXT)[::2], lambda: memoryview(_TEXT)[::-1], _released], ids=["gaps", "back", "gone"]
)
def test_a_view_that_no_socket_can_send(make: Callable[[], memoryview], before: bytes) -> None:
    """The call may raise, or the connection be lost by it: as in asyncio."""
    if before and sys.version_info < (3, 12):
        pytest.skip("before 3.12 asyncio copies what waits, and raises what that raises")

    async def scenario() -> object:
        async with opened() as (transport, protocol, peer):
            transport.write(before)
            raised = outcome_of(lambda: transport.write(make())).raised
            after = outcome_of(lambda: transport.write(b"after")).raised
            transport.close()
            tail = (await receive_all(peer))[-5:]
            await protocol.until_lost()
            return raised, after, tail, protocol.events[-1]

    # What asyncio reports of it to the exception handler is the subject of another test.
    async def unreported() -> object:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        return await scenario()

    assert_same_course(unreported)


_WRONG: list[Any] = ["text", None, 5, 1.5, [1, 2], (b"x",), object(), array.array("B", b"x"), {}, bytes, "", [], 0]


@pytest.mark.parametrize("state", ["open", "with data waiting", "after write_eof", "after close"])
def test_what_is_not_bytes_is_refused(state: str) -> None:
    async def scenario() -> object:
        async with opened() as (transport, protocol, peer):
            if state == "with data waiting":
                transport.write(bytes(LARGE))
            elif state == "after write_eof":
                transport.write_eof()
            elif state == "after close":
                transport.close()
            untyped: Any = transport
            refused = [outcome_of(lambda data=data: untyped.write(data)).raised for data in _WRONG]  # type: ignore[misc]
            misused = [outcome_of(call).raised for call in (untyped.write, lambda: untyped.write(b"", b""))]
            if not transport.is_closing():
                transport.write_eof()
            received = len(await receive_all(peer))
            return refused, misused, received, protocol.events

    text = assert_same_course(scenario)
    assert text.count("'TypeError'") == len(_WRONG) + 2


def test_small_data_may_be_changed_at_once(each_loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        async with opened() as (transport, _, peer):
            data = bytearray(b"written")
            transport.write(data)
            data[:] = b"changed"
            data.extend(b" and resized")
            transport.write_eof()
            assert await receive_all(peer) == b"written"

    run(each_loop, scenario())


@pytest.mark.parametrize("wrap", [bytearray, memoryview], ids=["bytearray", "view"])
@pytest.mark.parametrize("size", [10, 300_000, LARGE])
def test_data_that_waits_may_be_changed_at_once(
    each_loop: asyncio.AbstractEventLoop, wrap: Callable[[bytearray], Any], size: int
) -> None:
    """What was written is what it was at the time of the call, and the object is free again."""
    if _STOCK_KEEPS_VIEWS:
        skip_fault(each_loop, "they keep a view of what the socket does not take")

    async def scenario() -> None:
        async with opened() as (transport, _, peer):
            data = bytearray(b"w") * size
            transport.write(bytes(LARGE))
            argument = data if wrap is bytearray else wrap(data)
            transport.write(argument)
            if isinstance(argument, memoryview):
                argument.release()
            data[:] = b"c" * size
            data.clear()
            transport.write_eof()
            assert await receive_all(peer) == bytes(LARGE) + b"w" * size

    run(each_loop, scenario())


_LINES: dict[str, tuple[Callable[[], Any], bytes]] = {
    "list": (lambda: [b"one", b"two"], b"onetwo"),
    "tuple": (lambda: (b"one", b"two"), b"onetwo"),
    "generator": (lambda: (b"%d," % number for number in range(10)), b"0,1,2,3,4,5,6,7,8,9,"),
    "iterator": (lambda: iter([b"one", b"two"]), b"onetwo"),
    "dict": (lambda: {b"one": 1, b"two": 2}, b"onetwo"),
    "one": (lambda: [b"one"], b"one"),
    "nothing": (list, b""),
    "mixed": (
        lambda: [b"a", bytearray(b"b"), memoryview(b"cd")[1:], _PlainBytes(b"e"), array.array("B", b"f")],
        b"abdef",
    ),
    "empty among others": (lambda: [b"", b"one", b"", b"", b"two"], b"onetwo"),
}


@pytest.mark.parametrize(("make", "expected"), _LINES.values(), ids=_LINES)
def test_lines_arrive(
    each_loop: asyncio.AbstractEventLoop, make: Callable[[], Iterable[bytes]], expected: bytes
) -> None:
    async def scenario() -> None:
        async with opened() as (transport, _, peer):
            transport.write(b"<")
            transport.writelines(make())
            assert transport.get_write_buffer_size() == 0
            transport.write(b">")
            transport.write_eof()
            assert await receive_all(peer) == b"<" + expected + b">"

    run(each_loop, scenario())


@pytest.mark.parametrize("before", [0, LARGE], ids=["at once", "after what the socket did not take"])
@pytest.mark.parametrize("size", [1, 20, 1500])
def test_more_lines_than_one_system_call_takes(each_loop: asyncio.AbstractEventLoop, size: int, before: int) -> None:
    """Linux takes 1,024 pieces of memory in a call."""

    async def scenario() -> None:
        async with opened() as (transport, _, peer):
            lines = [bytes([number % 251]) * size for number in range(3000)]
            transport.write(bytes(before))
            transport.writelines(lines)
            transport.write(b"|")
            transport.write_eof()
            assert await receive_all(peer) == bytes(before) + b"".join(lines) + b"|"

    run(each_loop, scenario())


@pytest.mark.parametrize(
    "make",
    [lambda: iter(()), lambda: [b""], lambda: [b"", b""], lambda: [b"one", b""], lambda: [memoryview(b"")]],
    ids=["nothing", "empty", "twice empty", "empty at the end", "empty view"],
)
def test_lines_without_content(each_loop: asyncio.AbstractEventLoop, make: Callable[[], Iterable[bytes]]) -> None:
    if _STOCK_KEEPS_VIEWS:
        skip_fault(each_loop, "they keep empty lines, and spin over them")

    async def scenario() -> None:
        async with opened() as (transport, _, peer):
            transport.writelines(make())
            assert transport.get_write_buffer_size() == 0
            transport.write(b"|")
            transport.close()
            assert (await receive_all(peer)).removeprefix(b"one") == b"|"

    run(each_loop, scenario())


@pytest.mark.parametrize(
    "lines", [5, [5], [b"good", "text"], [b"good", None], b"bytes", "text", [[b"nested"]], object()], ids=repr
)
def test_lines_that_are_not_bytes_are_refused(each_loop: asyncio.AbstractEventLoop, lines: Any) -> None:
    if sys.version_info >= (3, 15):
        skip_fault(each_loop, "they keep what comes before such a line, and pass over one that is false")

    async def scenario() -> None:
        async with opened() as (transport, protocol, peer):
            with pytest.raises(TypeError):
                transport.writelines(lines)
            transport.write(b"after")
            transport.write_eof()
            assert await receive_all(peer) == b"after"
            assert protocol.events == ["connection_made"]

    run(each_loop, scenario())


def test_lines_from_a_generator_that_raises(each_loop: asyncio.AbstractEventLoop) -> None:
    if sys.version_info >= (3, 15):
        skip_fault(each_loop, "they keep what comes before the error, and do not send it")

    def lines() -> Iterable[bytes]:
        yield b"good"
        raise ZeroDivisionError

    async def scenario() -> None:
        async with opened() as (transport, protocol, peer):
            with pytest.raises(ZeroDivisionError):
                transport.writelines(lines())
            transport.write(b"after")
            transport.write_eof()
            assert await receive_all(peer) == b"after"
            assert protocol.events == ["connection_made"]

    run(each_loop, scenario())


def test_a_generator_of_lines_that_writes(each_loop: asyncio.AbstractEventLoop) -> None:
    """The lines are collected first, so what the generator writes itself comes before them."""
    if sys.version_info >= (3, 15):
        skip_fault(each_loop, "there it comes between them")

    async def scenario() -> None:
        async with opened() as (transport, _, peer):

            def lines() -> Iterable[bytes]:
                yield b"line one,"
                transport.write(b"written by the generator,")
                yield b"line two"

            transport.writelines(lines())
            transport.write_eof()
            assert await receive_all(peer) == b"written by the generator,line one,line two"

    run(each_loop, scenario())


@pytest.mark.parametrize("size", [10, 300_000])
def test_lines_may_be_changed_at_once(each_loop: asyncio.AbstractEventLoop, size: int) -> None:
    if _STOCK_KEEPS_VIEWS:
        skip_fault(each_loop, "they keep a view of what the socket does not take")

    async def scenario() -> None:
        async with opened() as (transport, _, peer):
            transport.write(bytes(LARGE))
            lines = [bytearray(b"w" * size) for _ in range(5)]
            transport.writelines(lines)
            for line in lines:
                line[:] = b"c" * size
                line.clear()
            transport.write_eof()
            assert await receive_all(peer) == bytes(LARGE) + b"w" * (size * 5)

    run(each_loop, scenario())


def test_a_length_of_its_own_does_not_matter(each_loop: asyncio.AbstractEventLoop) -> None:
    skip_fault(each_loop, "they ask the object whether it is empty")

    async def scenario() -> None:
        async with opened() as (transport, _, peer):
            transport.write(_Bytes(b"text"))
            transport.write_eof()
            assert await receive_all(peer) == b"text"

    run(each_loop, scenario())
