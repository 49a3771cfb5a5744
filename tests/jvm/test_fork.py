"""A JVM does not survive fork: PyLoop says so in the child and never hangs; everything else goes on working there."""

from __future__ import annotations

import sys

import pytest

from support.forks import IN_CHILD
from support.programs import lines_of, run_command

_FORK = f"""{IN_CHILD}
def refused(action):
    try:
        action()
    except RuntimeError as error:
        say("refused", "fork" in str(error))
    else:
        say("not refused")
"""

_USES = {
    "new_event_loop": "pyloop.new_event_loop()",
    "EventLoop": "pyloop.EventLoop()",
    "run": "pyloop.run(main())",
    "call_soon": "loop.call_soon(print)",
    "call_soon_threadsafe": "loop.call_soon_threadsafe(print)",
    "call_later": "loop.call_later(1, print)",
    "call_at": "loop.call_at(1, print)",
    "run_forever": "loop.run_forever()",
    "run_until_complete": "loop.run_until_complete(future)",
    "add_reader": "loop.add_reader(0, print)",
}


@pytest.mark.parametrize("use", _USES.values(), ids=_USES.keys())
def test_the_child_is_told_that_pyloop_cannot_be_used(use: str) -> None:
    lines = lines_of(
        f"""{_FORK}
async def main():
    pass
loop = new_event_loop()
loop.run_until_complete(asyncio.sleep(0))
future = loop.create_future()
future.set_result(None)
say("child", in_child(lambda: refused(lambda: {use})))
say(loop.run_until_complete(asyncio.sleep(0, "parent goes on")))
loop.close()
"""
    )
    assert lines == ["refused True", "child 0", "parent goes on"]


def test_asyncio_s_own_loop_works_in_the_child() -> None:
    lines = lines_of(
        f"""{_FORK}
import subprocess
loop = new_event_loop()
loop.run_until_complete(asyncio.sleep(0))

async def main():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "print('grandchild')", stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    return (await asyncio.to_thread(lambda: "thread")), output.decode().strip()

def use_asyncio():
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        say(*runner.run(main()))
        say(*runner.run(main()))

say("child", in_child(use_asyncio))
loop.close()
"""
    )
    assert lines == ["thread grandchild"] * 2 + ["child 0"]


def test_the_child_collects_garbage_and_ends_by_itself() -> None:
    lines = lines_of(
        f"""{_FORK}
import gc
loop = new_event_loop()
loop.call_soon(print, "never")
loop.call_later(3600, print)
kept = [loop.call_soon(print), loop.call_later(1, print)]
child = os.fork()
if child == 0:
    for handle in kept:
        handle.cancel()
    kept.clear()
    gc.collect()
    del loop
    gc.collect()
    say("child ends")
    sys.exit(5)
say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
loop.close()
"""
    )
    assert lines == ["child ends", "5"]


def test_garbage_is_collected_in_the_child_before_it_is_told() -> None:
    """The interpreter may do so at any moment, also between the fork and the first word of PyLoop's in the child."""
    program = """
import gc, os, sys
collected = []
def collect():
    gc.collect()
    collected.append("in the child" if os.getpid() != parent else "in the parent")
parent = os.getpid()
# What is registered first is called first in the child.
os.register_at_fork(after_in_child=collect)
import pyloop
loop = pyloop.new_event_loop()
kept = [loop.call_soon(print), loop.call_later(1, print)]
child = os.fork()
if child == 0:
    print(*collected, flush=True)
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
gc.collect()
loop.call_soon(print, "the parent goes on")
loop.call_soon(loop.stop)
loop.run_forever()
loop.close()
"""
    done = run_command([sys.executable, "-W", "ignore", "-c", program])
    assert done.stdout.splitlines() == ["in the child", "0", "", "the parent goes on"], done.stderr


def test_the_child_does_not_send_over_the_parent_s_endpoint() -> None:
    assert lines_of(
        f"""{_FORK}
import socket

def use():
    say(transport.is_closing())
    try:
        transport.sendto(b"child", address)
    except RuntimeError as error:
        say("fork" in str(error))
    transport.close()
    say("closed")

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
    peer.bind(("127.0.0.1", 0))
    address = peer.getsockname()
    loop = new_event_loop()
    transport, _ = loop.run_until_complete(loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 0)))
    say(in_child(use))
    transport.sendto(b"parent", address)
    say(peer.recv(99))
    transport.close()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
""",
    ) == ["True", "True", "closed", "0", "b'parent'"]


def test_the_child_drops_the_parent_s_connections() -> None:
    """Their descriptors are shared; what the child does to its copy of a transport must not enter Java."""
    assert lines_of(
        f"""{_FORK}
import gc

async def connect():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    return server, await asyncio.open_connection("127.0.0.1", port)

accepted = []

def serve(reader, writer):
    accepted.append(writer)

def drop():
    global server, streams, loop
    reader, writer = streams
    say(writer.is_closing(), writer.transport.get_write_buffer_size(), repr(writer.transport)[:16])
    writer.close()
    accepted.clear()
    del server, streams, reader, writer, loop
    gc.collect()
    say("dropped")

loop = new_event_loop()
server, streams = loop.run_until_complete(connect())
loop.run_until_complete(asyncio.sleep(0.01))
say(in_child(drop))
streams[1].write(b"still there")
say(loop.run_until_complete(asyncio.wait_for(streams[1].drain(), 10)))
"""
    ) == ["True 0 <StreamTransport", "dropped", "0", "None"]


def test_a_callback_forks() -> None:
    lines = lines_of(
        f"""{_FORK}
loop = new_event_loop()
def fork():
    say("child", in_child(lambda: refused(lambda: loop.call_soon(print))))
    loop.call_soon(say, "parent goes on")
    loop.call_soon(loop.stop)
loop.call_soon(fork)
loop.run_forever()
loop.close()
"""
    )
    assert lines == ["refused True", "child 0", "parent goes on"]


def test_a_child_that_leaves_a_forking_callback_is_stopped_and_ends() -> None:
    """It returns into a loop that cannot run on; it must end, in whatever way, and the parent must not care."""
    lines = lines_of(
        f"""{_FORK}
loop = new_event_loop()
children = []
def fork():
    children.append(os.fork())
    if children[-1]:
        loop.call_soon(loop.stop)
loop.call_soon(fork)
try:
    loop.run_forever()
finally:
    if not children[-1]:
        os._exit(0)
os.waitpid(children[0], 0)
say(loop.run_until_complete(asyncio.sleep(0.001, "parent goes on")))
loop.close()
"""
    )
    assert lines == ["parent goes on"]
