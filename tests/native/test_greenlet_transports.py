"""Greenlets that are switched away in the middle of what a loop's transports call, and resumed in any order."""

from __future__ import annotations

from typing import Final

import pytest

from support.garbage import BESIDE_GARBAGE
from support.programs import lines_of

_RUN: Final = f"""
import greenlet, socket
{BESIDE_GARBAGE}
noted = []

def at(place):
    # Called by what a transport calls.
    noted.append(place)
    if place == PLACE:
        loop = asyncio._get_running_loop()
        task = asyncio.current_task()
        if task is not None:
            asyncio.tasks._leave_task(loop, task)
        asyncio._set_running_loop(None)
        outside.switch()
        asyncio._set_running_loop(loop)
        if task is not None:
            asyncio.tasks._enter_task(loop, task)

def nested(depth):
    # Python's own calls of Python take no C stack; these do, where that of the greenlets was.
    return depth and max((0,), key=lambda _: nested(depth - 1))

def disturb():
    nested(100)
    for _ in range(30):
        new_event_loop().close()

def run():
    loop = new_event_loop()
    loop.slow_callback_duration = 60
    loop.set_exception_handler(lambda *_: at("exception handler"))
    loop.run_until_complete(asyncio.wait_for(course(loop), 60))
    loop.close()

def work():
    global outside
    outside = greenlet.getcurrent()
    runners = [greenlet.greenlet(run) for _ in range(3)]
    for runner in runners:
        runner.switch()
        disturb()
    for runner in (runners[0], runners[2], runners[1]):
        while not runner.dead:
            runner.switch()
            disturb()
    say("ended", PLACE in noted)

beside_garbage(work)
"""

_PEER: Final = """
class Truth:
    def __bool__(self):
        at("truth")
        return False

class Changing(bytearray):
    def __len__(self):
        at("length")
        return super().__len__()

class Peer:
    def __init__(self, ended):
        at("factory")
        self.ended = ended

    @property
    def connection_made(self):
        at("attribute")
        return self.begin

    def begin(self, transport):
        at("connection_made")
        self.transport = transport
        transport.set_write_buffer_limits(1000)

    def received(self, data):
        if data == b"much":
            self.transport.write(bytes(8 << 20))
        elif data == b"lines":
            self.transport.writelines(at("line") or line for line in [b"a", b"b"])
            self.transport.writelines([Changing(b"c")])
            self.transport.write(Changing(b"d"))
        elif data == b"failure":
            raise ValueError

    def pause_writing(self):
        at("pause_writing")

    def resume_writing(self):
        at("resume_writing")
        self.transport.write(b"the end")

    def eof_received(self):
        at("eof_received")
        return Truth()

    def connection_lost(self, exc):
        at("connection_lost")
        self.ended.set_result(None)

class Plain(Peer, asyncio.Protocol):
    def data_received(self, data):
        at("data_received")
        self.received(data)

class Buffered(Peer, asyncio.BufferedProtocol):
    def get_buffer(self, hint):
        at("get_buffer")
        self.buffer = bytearray(100)
        return self.buffer

    def buffer_updated(self, count):
        at("buffer_updated")
        self.received(self.buffer[:count])
"""

_STREAM: Final = """
async def course(loop):
    ended = loop.create_future()
    server = await loop.create_server(lambda: KIND(ended), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    if PLACE == "exception handler":
        writer.write(b"failure")
        await ended
        writer.close()
    else:
        writer.write(b"much")
        received = await reader.readexactly((8 << 20) + 7)
        assert received.endswith(b"the end")
        writer.write(b"lines")
        assert await reader.readexactly(4) == b"abcd"
        writer.close()
        await ended
    server.close()
"""

_DATAGRAMS: Final = """
class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, ended):
        self.ended = ended

    def connection_made(self, transport):
        at("connection_made")

    def datagram_received(self, data, address):
        at("datagram_received")
        if data == b"failure":
            raise ValueError
        self.ended.set_result(None)

    def error_received(self, exc):
        at("error_received")
        if not self.ended.done():
            self.ended.set_result(None)

    def connection_lost(self, exc):
        at("connection_lost")

async def course(loop):
    ended = loop.create_future()
    ours, _ = await loop.create_datagram_endpoint(lambda: Datagrams(ended), ("127.0.0.1", 0))
    ours.sendto(b"failure", ours.get_extra_info("sockname"))
    ours.sendto(b"data", ours.get_extra_info("sockname"))
    await ended
    ours.close()
    refused = loop.create_future()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = nobody.getsockname()
    ours, _ = await loop.create_datagram_endpoint(lambda: Datagrams(refused), remote_addr=address)
    for _ in range(3):
        ours.sendto(b"refused")
    await refused
    ours.close()
"""

_PIPE: Final = """
class Pipe(asyncio.Protocol):
    def __init__(self, ended):
        self.ended = ended

    def data_received(self, data):
        at("data_received")

    def eof_received(self):
        at("eof_received")

    def pause_writing(self):
        at("pause_writing")

    def resume_writing(self):
        at("resume_writing")

    def connection_lost(self, exc):
        at("connection_lost")
        self.ended.set_result(None)

async def course(loop):
    reader, writer = os.pipe()
    ended, lost = loop.create_future(), loop.create_future()
    await loop.connect_read_pipe(lambda: Pipe(ended), open(reader, "rb", 0))
    sender, _ = await loop.connect_write_pipe(lambda: Pipe(lost), open(writer, "wb", 0))
    sender.write(bytes(1 << 20))
    sender.close()
    await ended
    await lost
"""

_CALLBACK: Final = """
async def course(loop):
    loop.call_soon(int, "not a number")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
"""

_SIGNAL: Final = """
async def course(loop):
    signal.signal(signal.SIGALRM, lambda *_: at("signal handler"))
    signal.setitimer(signal.ITIMER_REAL, 0.005)
    await asyncio.sleep(0.02)
"""

_OTHER_MODE: Final = """
async def course(loop):
    loop.call_soon_threadsafe(at, "callback")
    loop.set_debug(True)
    await asyncio.sleep(0)
    loop.set_debug(False)
"""

_PLAIN_PLACES: Final = (
    "factory",
    "attribute",
    "connection_made",
    "data_received",
    "pause_writing",
    "resume_writing",
    "line",
    "length",
    "eof_received",
    "truth",
    "connection_lost",
    "exception handler",
)


def _assert_goes_on(loop: str, course: str, place: str, mode: list[str]) -> None:
    program = f"PLACE = {place!r}\n{course}\n{_RUN}"
    assert lines_of(program, loop=loop, options=[*mode, "-W", "ignore"]) == ["ended True"]


@pytest.mark.parametrize("mode", [[], ["-X", "dev"]], ids=["", "dev"])
@pytest.mark.parametrize("place", _PLAIN_PLACES)
def test_a_connection(loop_name: str, place: str, mode: list[str]) -> None:
    _assert_goes_on(loop_name, f"{_PEER}\nKIND = Plain\n{_STREAM}", place, mode)


@pytest.mark.parametrize("place", ["get_buffer", "buffer_updated", "exception handler"])
def test_a_connection_that_is_read_into_a_buffer(loop_name: str, place: str) -> None:
    _assert_goes_on(loop_name, f"{_PEER}\nKIND = Buffered\n{_STREAM}", place, [])


@pytest.mark.parametrize(
    "place", ["connection_made", "datagram_received", "error_received", "connection_lost", "exception handler"]
)
def test_datagrams(loop_name: str, place: str) -> None:
    _assert_goes_on(loop_name, _DATAGRAMS, place, [])


@pytest.mark.parametrize(
    "place", ["data_received", "pause_writing", "resume_writing", "eof_received", "connection_lost"]
)
def test_a_pipe(loop_name: str, place: str) -> None:
    _assert_goes_on(loop_name, _PIPE, place, [])


def test_a_signal_handler(loop_name: str) -> None:
    _assert_goes_on(loop_name, _SIGNAL, "signal handler", [])


def test_a_callback_of_another_thread_in_debug_mode(loop_name: str) -> None:
    _assert_goes_on(loop_name, _OTHER_MODE, "callback", [])


@pytest.mark.parametrize("mode", [[], ["-X", "dev"]], ids=["", "dev"])
def test_an_exception_handler(loop_name: str, mode: list[str]) -> None:
    _assert_goes_on(loop_name, _CALLBACK, "exception handler", mode)
