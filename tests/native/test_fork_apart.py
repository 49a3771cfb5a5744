"""After a fork neither process notices what the other does with its copy of a loop.

asyncio is not held against here: its child shares the parent's poller, and takes from it what it removes from its own.
"""

from __future__ import annotations

from support.forks import IN_CHILD
from support.programs import lines_of

_LOOP = f"""{IN_CHILD}
import gc, socket
def woken(action):
    \"\"\"How many times a loop that sleeps has been woken while a child does an action.\"\"\"
    seconds, turns = 0.3, 0
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(ready, 1)
        action()
        os._exit(0)
    run_once = loop._run_once
    def count():
        nonlocal turns
        turns += 1
        run_once()
    loop._run_once = count
    loop.call_later(seconds, loop.stop)
    os.write(told, b"x")
    loop.run_forever()
    del loop._run_once
    assert os.waitpid(child, 0)[1] == 0
    return turns
loop = new_event_loop()
loop.run_until_complete(asyncio.sleep(0.001))
"""


def test_the_child_does_not_wake_the_parent() -> None:
    lines = lines_of(
        f"""{_LOOP}
def act():
    loop.add_signal_handler(signal.SIGUSR1, list)
    for _ in range(100):
        loop.call_soon_threadsafe(list)
        os.kill(os.getpid(), signal.SIGUSR1)
    loop.run_until_complete(asyncio.sleep(0.05))
    loop.close()
loop.add_signal_handler(signal.SIGUSR1, say, "signal for the child in the parent")
say(woken(lambda: None) == woken(act))
loop.close()
"""
    )
    assert lines == ["True"]


def test_what_the_child_removes_the_parent_still_watches() -> None:
    lines = lines_of(
        f"""{_LOOP}
def act():
    loop.remove_reader(theirs)
    loop.remove_writer(theirs)
    loop.close()
def read():
    say("parent reads", theirs.recv(9))
    loop.stop()
ours, theirs = socket.socketpair()
loop.add_reader(theirs, read)
say("child", in_child(act))
ours.send(b"data")
loop.run_forever()
threading.Timer(0.01, loop.call_soon_threadsafe, (loop.stop,)).start()
loop.run_forever()
loop.remove_reader(theirs)
loop.close()
say("done")
"""
    )
    assert lines == ["child 0", "parent reads b'data'", "done"]


def test_what_the_child_adds_the_parent_does_not_watch() -> None:
    lines = lines_of(
        f"""{_LOOP}
ours, theirs = socket.socketpair()
ours.send(b"data")
def act():
    loop.add_reader(theirs, loop.stop)
    loop.run_forever()
    time.sleep(0.1)
say(woken(lambda: None) == woken(act))
loop.close()
"""
    )
    assert lines == ["True"]


def test_the_child_closes_its_copies_of_connections_and_not_the_parent_s() -> None:
    lines = lines_of(
        f"""{_LOOP}
accepted = []
async def serve(reader, writer):
    accepted.append(writer)
    while data := await reader.read(99):
        writer.write(data)
async def connect():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, *await asyncio.open_connection(*server.sockets[0].getsockname())
async def exchange():
    writer.write(b"still there")
    return await asyncio.wait_for(reader.readexactly(11), 20)
async def close():
    server.close()
    writer.close()
    accepted.pop().close()
    await asyncio.sleep(0.01)
def act():
    global server, reader, writer
    loop.run_until_complete(close())
    del server, reader, writer
    gc.collect()
    say("closed")
server, reader, writer = loop.run_until_complete(connect())
say(loop.run_until_complete(exchange()))
say("child", in_child(act))
say(loop.run_until_complete(exchange()))
loop.run_until_complete(close())
loop.close()
"""
    )
    assert lines == ["b'still there'", "closed", "child 0", "b'still there'"]


def test_the_child_uses_a_connection_that_the_parent_leaves_to_it() -> None:
    lines = lines_of(
        f"""{_LOOP}
ours, theirs = socket.socketpair()
theirs.settimeout(20)
async def answer():
    data = await asyncio.wait_for(reader.readexactly(4), 20)
    writer.write(data.upper())
    await writer.drain()
def act():
    theirs.send(b"data")
    loop.run_until_complete(answer())
    say(theirs.recv(9))
reader, writer = loop.run_until_complete(asyncio.open_connection(sock=ours))
say("child", in_child(act))
writer.close()
loop.run_until_complete(asyncio.sleep(0.001))
theirs.close()
loop.close()
"""
    )
    assert lines == ["b'DATA'", "child 0"]


def test_the_child_sends_and_receives_datagrams_of_its_own() -> None:
    lines = lines_of(
        f"""{_LOOP}
class Protocol(asyncio.DatagramProtocol):
    def datagram_received(self, data, address):
        got.append(data)
        loop.stop()
got = []
peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
peer.bind(("127.0.0.1", 0))
transport, _ = loop.run_until_complete(loop.create_datagram_endpoint(Protocol, ("127.0.0.1", 0)))
address = transport.get_extra_info("sockname")
def exchange(word):
    transport.sendto(word, peer.getsockname())
    loop.run_until_complete(asyncio.sleep(0))
    peer.sendto(peer.recv(99).upper(), address)
    loop.call_later(20, loop.stop)
    loop.run_forever()
    say(got.pop())
say("child", in_child(lambda: exchange(b"child")))
exchange(b"parent")
transport.close()
loop.run_until_complete(asyncio.sleep(0))
loop.close()
"""
    )
    assert lines == ["b'CHILD'", "child 0", "b'PARENT'"]


def test_descriptors_are_as_many_in_the_child_and_given_back_there() -> None:
    lines = lines_of(
        f"""{_LOOP}
from support.descriptors import open_descriptors
loop.close()
without = open_descriptors()
loop, other = new_event_loop(), new_event_loop()
with_loops = open_descriptors()
def act():
    say(open_descriptors() == with_loops)
    loop.close()
    other.close()
    say(open_descriptors() == without)
say("child", in_child(act))
say(open_descriptors() == with_loops)
"""
    )
    assert lines == ["True", "True", "child 0", "True"]


def test_many_loops_and_many_children() -> None:
    lines = lines_of(
        f"""{_LOOP}
loops = [new_event_loop() for _ in range(20)]
def use():
    for number, each in enumerate(loops):
        assert each.run_until_complete(asyncio.sleep(0.001, number)) == number
    for each in loops[::2]:
        each.close()
say([in_child(use) for _ in range(5)])
use()
"""
    )
    assert lines == ["[0, 0, 0, 0, 0]"]


def test_children_of_a_process_whose_threads_use_loops() -> None:
    """In the child these threads are gone, wherever they were; what they held must be nobody's there."""
    lines = lines_of(
        f"""{_LOOP}
running = [new_event_loop() for _ in range(2)]
def call(each):
    while True:
        each.call_soon_threadsafe(each.call_later, 0.0001, list)
        time.sleep(0)
for each in running:
    threading.Thread(target=each.run_forever, daemon=True).start()
    threading.Thread(target=call, args=(each,), daemon=True).start()
def use():
    kept = [loop.call_later(3600, list) for _ in range(20_000)]
    assert loop.run_until_complete(asyncio.sleep(0.001, 1)) == 1
    assert asyncio.Runner(loop_factory=new_event_loop).run(asyncio.sleep(0.001, 2)) == 2
    running[0].call_soon_threadsafe(list)
    gc.collect()
say(sum(in_child(use) for _ in range(30)))
os._exit(0)
"""
    )
    assert lines == ["0"]
