"""add_reader and add_writer watch descriptors level-triggered, with asyncio's return values and errors."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.loops import run_idle, run_iteration
from support.outcomes import assert_same_kind, assert_same_outcome, outcome_of
from support.programs import lines_of


@contextmanager
def _socket_pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected, non-blocking sockets."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        yield ours, theirs


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected, non-blocking sockets."""
    with _socket_pair() as made:
        yield made


Pair = tuple[socket.socket, socket.socket]


def _fill(sender: socket.socket) -> None:
    """Send until the socket takes no more, so that it is not writable."""
    try:
        while True:
            sender.send(b"x" * 65536)
    except BlockingIOError:
        return


def test_a_reader_is_called_when_there_is_something_to_read(each_loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    ours, theirs = pair
    received: list[bytes] = []

    def read() -> None:
        received.append(ours.recv(100))
        each_loop.stop()

    each_loop.add_reader(ours, read)
    each_loop.call_later(0.001, theirs.send, b"hello")
    each_loop.run_forever()
    assert received == [b"hello"]
    each_loop.remove_reader(ours)


def test_a_reader_is_called_as_long_as_something_is_left(each_loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    ours, theirs = pair
    received: list[bytes] = []
    each_loop.add_reader(ours, lambda: received.append(ours.recv(1)))
    theirs.send(b"abcde")
    run_idle(each_loop)
    assert received == [b"a", b"b", b"c", b"d", b"e"]
    each_loop.remove_reader(ours)


def test_a_reader_that_reads_nothing_is_called_again(each_loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    ours, theirs = pair
    called: list[int] = []
    each_loop.add_reader(ours, called.append, 1)
    theirs.send(b"x")
    for _ in range(5):
        run_iteration(each_loop)
    assert called == [1] * 5
    each_loop.remove_reader(ours)


def test_the_end_of_the_stream_is_something_to_read(each_loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    ours, theirs = pair
    received: list[bytes] = []
    each_loop.add_reader(ours, lambda: received.append(ours.recv(100)))
    theirs.shutdown(socket.SHUT_WR)
    run_iteration(each_loop)
    assert received == [b""]
    theirs.close()
    run_iteration(each_loop)
    assert received == [b"", b""]
    each_loop.remove_reader(ours)


def test_a_writer_is_called_as_long_as_there_is_room(each_loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    ours, theirs = pair
    called: list[str] = []
    each_loop.add_writer(ours, called.append, "writable")
    run_iteration(each_loop)
    run_iteration(each_loop)
    assert called == ["writable"] * 2
    _fill(ours)
    run_iteration(each_loop)
    assert called == ["writable"] * 2
    while True:
        try:
            theirs.recv(1 << 20)
        except BlockingIOError:
            break
    run_iteration(each_loop)
    assert called == ["writable"] * 3
    each_loop.remove_writer(ours)


def test_a_peer_that_is_gone_calls_reader_and_writer(pair: Pair) -> None:
    def scenario(loop: Any) -> object:
        called: list[str] = []
        with _socket_pair() as (ours, theirs):
            _fill(ours)
            loop.add_reader(ours, called.append, "reader")
            loop.add_writer(ours, called.append, "writer")
            theirs.close()
            run_iteration(loop)
            return called, loop.remove_reader(ours), loop.remove_writer(ours)

    assert_same_outcome(scenario)


def test_reader_and_writer_of_one_descriptor(each_loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    ours, theirs = pair
    called: list[str] = []
    each_loop.add_writer(ours, called.append, "writer")
    each_loop.add_reader(ours, called.append, "reader")
    theirs.send(b"x")
    run_iteration(each_loop)
    assert called == ["reader", "writer"]
    assert each_loop.remove_reader(ours)
    run_iteration(each_loop)
    assert called == ["reader", "writer", "writer"]
    each_loop.add_reader(ours, called.append, "new reader")
    assert each_loop.remove_writer(ours)
    run_iteration(each_loop)
    assert called[3:] == ["new reader"]
    each_loop.remove_reader(ours)


def test_what_is_returned() -> None:
    def scenario(loop: Any) -> object:
        with _socket_pair() as (ours, _theirs):
            return [
                loop.remove_reader(ours),
                loop.remove_writer(ours),
                loop.add_reader(ours, print),
                loop.remove_writer(ours),
                loop.add_writer(ours, print),
                loop.add_reader(ours, print),
                loop.remove_reader(ours),
                loop.remove_reader(ours),
                loop.remove_writer(ours.fileno()),
                loop.remove_writer(ours),
            ]

    assert_same_outcome(scenario)


def test_a_new_reader_replaces_the_old_one(each_loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    ours, theirs = pair
    called: list[str] = []
    each_loop.add_reader(ours, called.append, "old")
    each_loop.add_reader(ours.fileno(), called.append, "new")
    theirs.send(b"x")
    run_iteration(each_loop)
    assert called == ["new"]
    assert each_loop.remove_reader(ours)
    assert not each_loop.remove_reader(ours)


def test_a_reader_removes_itself(each_loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    ours, theirs = pair
    called: list[bool] = []
    each_loop.add_reader(ours, lambda: called.append(each_loop.remove_reader(ours)))
    theirs.send(b"x")
    run_idle(each_loop)
    assert called == [True]


def test_a_reader_removes_another_that_is_ready(each_loop: asyncio.AbstractEventLoop) -> None:
    called: list[int] = []
    with _socket_pair() as (first, to_first), _socket_pair() as (second, to_second):
        sockets = [first, second]

        def read(number: int) -> None:
            called.append(number)
            each_loop.remove_reader(sockets[1 - number])

        each_loop.add_reader(first, read, 0)
        each_loop.add_reader(second, read, 1)
        to_first.send(b"x")
        to_second.send(b"x")
        run_iteration(each_loop)
        assert len(called) == 1
        each_loop.remove_reader(sockets[called[0]])


def test_a_reader_replaced_by_a_callback_of_its_iteration_is_not_called() -> None:
    def scenario(loop: Any) -> object:
        called: list[str] = []
        with _socket_pair() as (ours, theirs):
            loop.add_reader(ours, called.append, "old")
            loop.call_soon(loop.add_reader, ours, called.append, "new")
            theirs.send(b"x")
            run_iteration(loop)
            first = list(called)
            run_iteration(loop)
            loop.remove_reader(ours)
            return first, called

    assert_same_outcome(scenario)


def test_a_closed_descriptor_whose_number_is_used_again(each_loop: asyncio.AbstractEventLoop) -> None:
    """The kernel forgets a closed descriptor by itself; the number must then serve a new one."""
    called: list[str] = []
    with ExitStack() as stack:
        stale, _ = (stack.enter_context(end) for end in socket.socketpair())
        number = stale.fileno()
        each_loop.add_reader(number, called.append, "stale")
        stale.close()
        run_iteration(each_loop)
        fresh, to_fresh = (stack.enter_context(end) for end in socket.socketpair())
        if fresh.fileno() != number:
            os.dup2(fresh.fileno(), number)
        each_loop.remove_reader(number)
        each_loop.add_reader(number, called.append, "fresh")
        to_fresh.send(b"x")
        run_iteration(each_loop)
        assert called == ["fresh"]
        assert each_loop.remove_reader(number)
        if fresh.fileno() != number:
            os.close(number)


def test_a_closed_descriptor_is_removed_without_a_fuss() -> None:
    def scenario(loop: Any) -> object:
        with _socket_pair() as (ours, theirs):
            number = ours.fileno()
            loop.add_reader(number, print)
            loop.add_writer(theirs.fileno(), print)
            ours.close()
            return outcome_of(lambda: loop.remove_reader(number)), loop.remove_writer(theirs)

    assert_same_outcome(scenario)


def test_a_regular_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("content")

    def scenario(loop: Any) -> object:
        with path.open() as file:
            return [outcome_of(lambda: loop.add_reader(file, print)), outcome_of(lambda: loop.add_writer(file, print))]

    assert "PermissionError" in assert_same_outcome(scenario).text


class _NumberAsText:
    def fileno(self) -> str:
        return "5"


class _Negative:
    def fileno(self) -> int:
        return -1


@pytest.mark.parametrize("wrong", ["text", None, 1.5, object(), -1, _NumberAsText(), _Negative(), 10**6, 2**31, 2**70])
@pytest.mark.parametrize("method", ["add_reader", "add_writer", "remove_reader", "remove_writer"])
def test_what_is_no_descriptor_is_refused_as_by_asyncio(method: str, wrong: object) -> None:
    arguments = [wrong, print] if method.startswith("add") else [wrong]
    assert_same_kind(lambda loop: getattr(loop, method)(*arguments))


@pytest.mark.parametrize(
    "misuse",
    [
        lambda loop: loop.add_reader(),
        lambda loop: loop.add_reader(0),
        lambda loop: loop.add_reader(0, print, wrong=1),
        lambda loop: loop.add_writer(0),
        lambda loop: loop.remove_reader(),
        lambda loop: loop.remove_writer(0, 1),
    ],
)
def test_wrong_arguments_are_type_errors(misuse: Callable[[Any], object]) -> None:
    assert assert_same_outcome(lambda loop: outcome_of(lambda: misuse(loop)).raised).text == "'TypeError'"


def test_a_pipe_is_watched(each_loop: asyncio.AbstractEventLoop) -> None:
    reading, writing = os.pipe()
    called: list[str] = []
    each_loop.add_reader(reading, lambda: called.append(os.read(reading, 100).decode()))
    each_loop.add_writer(writing, called.append, "room")
    run_iteration(each_loop)
    each_loop.remove_writer(writing)
    os.write(writing, b"content")
    run_iteration(each_loop)
    os.close(writing)
    run_iteration(each_loop)
    assert called == ["room", "content", ""]
    each_loop.remove_reader(reading)
    os.close(reading)


def test_the_same_file_under_two_numbers(each_loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    ours, theirs = pair
    called: list[str] = []
    with ours.dup() as twin:
        each_loop.add_reader(ours, called.append, "one")
        each_loop.add_reader(twin, called.append, "two")
        theirs.send(b"x")
        run_iteration(each_loop)
        assert sorted(called) == ["one", "two"]
        each_loop.remove_reader(twin)
    each_loop.remove_reader(ours)


def test_the_private_names_that_transports_use(pair: Pair) -> None:
    def scenario(loop: Any) -> object:
        called: list[str] = []
        with _socket_pair() as (ours, theirs):
            theirs.send(b"x")
            number = ours.fileno()
            reader = loop._add_reader(number, called.append, "reader")
            writer = loop._add_writer(number, called.append, "writer")
            run_iteration(loop)
            replaced = loop._add_reader(number, called.append, "new reader")
            states = [reader.cancelled(), writer.cancelled(), replaced.cancelled(), isinstance(reader, asyncio.Handle)]
            return called, states, loop._remove_reader(number), loop._remove_writer(number), loop._remove_writer(number)

    assert_same_outcome(scenario)


def test_an_error_on_the_way_to_an_error_takes_its_place(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    program = f"""
        def fail(number): raise LookupError("no text for it")
        os.strerror = fail
        loop = new_event_loop()
        with open({str(tmp_path / "file")!r}) as file:
            try:
                loop.add_reader(file, print)
            except LookupError as error:
                say(error)
        loop.call_soon(say, "the loop goes on")
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.close()
    """
    assert lines_of(program) == ["no text for it", "the loop goes on"]


def test_thousands_of_descriptors(each_loop: asyncio.AbstractEventLoop) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    received: list[int] = []
    count = 2000

    def read(number: int) -> None:
        pairs[number][0].recv(100)
        received.append(number)
        if len(received) % count == 0:
            each_loop.stop()

    try:
        with ExitStack() as stack:
            pairs = [stack.enter_context(_socket_pair()) for _ in range(count)]
            for number, (ours, _theirs) in enumerate(pairs):
                each_loop.add_reader(ours, read, number)
            for _ours, theirs in pairs:
                theirs.send(b"x")
            each_loop.run_forever()
            assert sorted(received) == list(range(count))
            pairs[1234][1].send(b"x")
            run_iteration(each_loop)
            assert received[count:] == [1234]
            assert all(each_loop.remove_reader(ours) for ours, _theirs in pairs)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_descriptors_come_and_go(each_loop: asyncio.AbstractEventLoop) -> None:
    received: list[bytes] = []

    def read(descriptor: socket.socket) -> None:
        received.append(descriptor.recv(10))

    for number in range(500):
        with _socket_pair() as (ours, theirs):
            each_loop.add_reader(ours, read, ours)
            theirs.send(b"%d" % number)
            run_iteration(each_loop)
            each_loop.remove_reader(ours)
    assert received == [b"%d" % number for number in range(500)]
