"""A program closes descriptors that it did not open: later loops work, and one that lives disturbs no other file."""

from __future__ import annotations

from typing import Final

import pytest

from support.programs import lines_of

_DAEMON: Final = """
async def main():
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(lambda reader, writer: (writer.write(b"x"), writer.close()), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    data = await reader.read()
    writer.close()
    server.close()
    endpoint, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 0))
    endpoint.close()
    child = await asyncio.create_subprocess_exec("echo", "x", stdout=-1)
    output, _ = await child.communicate()
    await loop.run_in_executor(None, time.sleep, 0)
    return data, output
def run(main):
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)
"""


@pytest.mark.parametrize("standard", [False, True], ids=["", "the standard ones too"])
@pytest.mark.parametrize("before", ["", "run(asyncio.sleep(0.001))", "run(main())"])
def test_a_daemon_closes_what_it_does_not_know_and_runs_loops(loop_name: str, before: str, standard: bool) -> None:
    """Also if it has run one before, of whatever kind."""
    lines = lines_of(
        f"""{_DAEMON}
{before}
kept = os.dup2(1, 900)
if {standard}:
    os.closerange(0, 3)
os.closerange(3, 900)
for _ in range(2):
    os.write(kept, f"{{run(main())}}\\n".encode())
os._exit(0)
""",
        loop=loop_name,
    )
    assert lines == ["(b'x', b'x\\n')"] * 2


_LIVING: Final = '''
import contextlib, socket, tempfile, warnings
from support.process_state import open_files
warnings.simplefilter("ignore")
MARK = b"this is somebody else's"

def open_numbers():
    return {int(name.split()[1]) for name in open_files()}

class Stranger:
    """A file under the number of another one, which nobody may read from or write to."""
    def __init__(self, kind, number):
        self.kind = kind
        if kind == "file":
            self.file = tempfile.TemporaryFile()
            self.file.write(MARK)
            self.file.seek(0)
            self.own, self.other = self.file.fileno(), -1
        elif kind == "pipe":
            self.own, self.other = os.pipe2(os.O_NONBLOCK)
            os.write(self.other, MARK)
        elif kind == "end of a pipe":
            self.other, self.own = os.pipe2(os.O_NONBLOCK)
        else:
            ends = socket.socketpair()
            for end in ends:
                end.setblocking(False)
            self.own, self.other = (end.detach() for end in ends)
            os.write(self.other, MARK)
        os.dup2(self.own, number)
    def disturbed(self):
        found = []
        if self.kind == "file":
            found += [os.fstat(self.own).st_size != len(MARK), os.lseek(self.own, 0, os.SEEK_CUR) != 0]
        if self.kind in ("pipe", "socket"):
            found.append(self.read(self.own) != MARK)
        if self.kind in ("end of a pipe", "socket"):
            found.append(self.read(self.other) != b"")
        return any(found)
    def read(self, descriptor):
        try:
            return os.read(descriptor, 1000)
        except BlockingIOError:
            return b""

class Protocol(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

async def everything():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Protocol, "127.0.0.1", 0)
    first, _ = await loop.create_connection(Protocol, *server.sockets[0].getsockname())
    ours, theirs = socket.socketpair()
    second, _ = await loop.create_connection(Protocol, sock=ours)
    endpoint, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 0))
    await asyncio.sleep(0.001)
    return server, first, second, endpoint, theirs

async def use(server, first, second, endpoint, theirs):
    loop = asyncio.get_running_loop()
    async def from_a_thread():
        future = loop.create_future()
        def late():
            time.sleep(0.02)
            loop.call_soon_threadsafe(future.set_result, None)
        thread = threading.Thread(target=late)
        thread.start()
        try:
            await asyncio.wait_for(future, 0.1)
        finally:
            thread.join()
    async def receive():
        theirs.send(b"data")
        await asyncio.sleep(0.001)
    async def send():
        for transport in first, second:
            transport.write(b"data")
        await asyncio.sleep(0.001)
        second.pause_reading()
        second.resume_reading()
        endpoint.sendto(b"data", ("127.0.0.1", 9))
        await asyncio.sleep(0.001)
    async def watch():
        a, b = socket.socketpair()
        with a, b:
            future = loop.create_future()
            loop.add_reader(a, lambda: future.done() or future.set_result(None))
            b.send(b"data")
            try:
                await asyncio.wait_for(future, 0.1)
            finally:
                loop.remove_reader(a)
    async def connect():
        transport, _ = await loop.create_connection(Protocol, *server.sockets[0].getsockname())
        transport.write(b"data")
        await asyncio.sleep(0.001)
        transport.abort()
    async def child():
        process = await asyncio.create_subprocess_exec("true")
        await asyncio.wait_for(process.wait(), 1)
    for action in from_a_thread, receive, send, watch, connect, child:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(action(), 1)

def attempt(index):
    """Close the descriptor of this index; tell whose it was, and whether the file in its place was disturbed."""
    new_event_loop().close()
    before = open_numbers()
    loop = new_event_loop()
    internal = open_numbers() - before
    made = loop.run_until_complete(everything())
    numbers = sorted(open_numbers() - before - {made[-1].fileno()})
    if index >= len(numbers):
        return False
    number = numbers[index]
    what = "the loop's" if number in internal else "a transport's"
    stranger = Stranger(KIND, number) if KIND else os.close(number)
    loop.set_exception_handler(lambda loop, context: None)
    with contextlib.suppress(Exception):
        loop.run_until_complete(use(*made))
    disturbed = stranger and stranger.disturbed()
    endings = [made[0].close, *(transport.abort for transport in made[1:4])]
    for end in *endings, lambda: loop.run_until_complete(asyncio.sleep(0.001)), loop.close:
        with contextlib.suppress(Exception):
            end()
    say(what, "disturbed" if disturbed else "untouched")
    return True

for index in range(100):
    # A process for each: what was closed twice may be anybody's.
    child = os.fork()
    if child == 0:
        os._exit(0 if attempt(index) else 77)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        break
say(status)
'''


@pytest.mark.parametrize("kind", ["", "file", "pipe", "end of a pipe", "socket"])
def test_what_takes_the_number_of_a_living_loop_s_descriptor_is_left_alone(kind: str) -> None:
    """That of a transport's only if it is no socket: asyncio uses that like the one that it had there."""
    courses = {}
    for loop in "asyncio", "pyloop":
        *lines, status = lines_of(_LIVING.replace("KIND", repr(kind)), loop=loop)
        assert status == "77", "all have been tried"
        courses[loop] = lines
    assert courses["pyloop"].count("the loop's untouched") == 3
    assert "the loop's disturbed" not in courses["pyloop"]
    assert ("a transport's disturbed" in courses["pyloop"]) <= (kind == "socket")
    assert ("a transport's disturbed" in courses["asyncio"]) == (kind == "socket")
