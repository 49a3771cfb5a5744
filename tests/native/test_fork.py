"""A child of a fork may do what it may on asyncio, with old loops and new ones, and its parent may go on meanwhile."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.forks import IN_CHILD
from support.programs import lines_of, run_command

_USES = {
    "a new loop": "asyncio.Runner(loop_factory=new_event_loop).run(main())",
    "call_soon": "loop.call_soon(done.set_result, 'used'); use(done)",
    "call_soon_threadsafe": """
        threading.Timer(0.01, loop.call_soon_threadsafe, (done.set_result, 'used')).start()
        use(done)
    """,
    "call_later": "loop.call_later(0.01, done.set_result, 'used'); use(done)",
    "run_until_complete": "use(main())",
    "add_reader": "ours.send(b'x'); loop.add_reader(theirs, done.set_result, 'used'); use(done)",
    "add_signal_handler": """
        loop.add_signal_handler(signal.SIGUSR1, done.set_result, 'used')
        os.kill(os.getpid(), signal.SIGUSR1)
        use(done)
    """,
    "run_in_executor": "use(loop.run_in_executor(None, str, 'used'))",
    "a child process": "use(loop.create_task(run_true()))",
    "close": "loop.close(); say('used')",
}


@pytest.mark.parametrize("use", _USES.values(), ids=_USES.keys())
def test_the_child_uses_a_loop_of_the_parent_s(loop_name: str, use: str) -> None:
    lines = lines_of(
        f"""{IN_CHILD}
import socket, textwrap
async def main():
    await asyncio.sleep(0.001)
    say("used")
async def run_true():
    process = await asyncio.create_subprocess_exec("true")
    say("used" if await process.wait() == 0 else "not used")
def use(awaitable):
    result = loop.run_until_complete(asyncio.wait_for(awaitable, 20))
    if result:
        say(result)
loop = new_event_loop()
loop.run_until_complete(asyncio.sleep(0))
ours, theirs = socket.socketpair()
done = loop.create_future()
say("child", in_child(lambda: exec(textwrap.dedent({use!r}), globals())))
""",
        loop=loop_name,
    )
    assert lines == ["used", "child 0"]


def test_both_go_on_with_what_was_scheduled_before(loop_name: str) -> None:
    lines = lines_of(
        f"""{IN_CHILD}
def go_on():
    loop.run_until_complete(asyncio.wait_for(timer, 20))
    say(*order)
loop = new_event_loop()
order = []
timer = loop.create_future()
loop.call_soon(order.append, 1)
loop.call_later(0.01, timer.set_result, None)
loop.call_soon(order.append, 2)
say("child", in_child(go_on))
go_on()
loop.close()
""",
        loop=loop_name,
    )
    assert lines == ["1 2", "child 0", "1 2"]


def test_a_callback_forks_and_both_go_on_in_their_loops(loop_name: str) -> None:
    lines = lines_of(
        """
parent = os.getpid()
def fork():
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    loop.call_soon(say, "parent goes on" if child else "child goes on")
    loop.call_later(0.01, loop.stop)
loop = new_event_loop()
loop.call_soon(fork)
loop.run_forever()
loop.close()
say("parent ends" if os.getpid() == parent else "child ends")
""",
        loop=loop_name,
        options=["-W", "ignore"],
    )
    assert lines == ["child goes on", "child ends", "parent goes on", "parent ends"]


def test_a_callback_forks_and_an_exception_ends_the_child_s_loop(loop_name: str) -> None:
    lines = lines_of(
        """
def fork():
    child = os.fork()
    if child == 0:
        sys.exit(5)
    say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    loop.stop()
loop = new_event_loop()
loop.call_soon(fork)
loop.run_forever()
loop.close()
""",
        loop=loop_name,
        options=["-W", "ignore"],
    )
    assert lines == ["5"]


def test_a_thread_forks_and_the_child_has_loops_of_its_own(loop_name: str) -> None:
    lines = lines_of(
        f"""{IN_CHILD}
async def main():
    await asyncio.sleep(0.001)
    return await asyncio.to_thread(str, "in the child")
def use():
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        say(runner.run(main()))
def fork():
    say("child", in_child(use))
    loop.call_soon_threadsafe(loop.stop)
loop = new_event_loop()
loop.call_later(0, threading.Thread(target=fork).start)
loop.run_forever()
loop.close()
""",
        loop=loop_name,
    )
    assert lines == ["in the child", "child 0"]


@pytest.mark.parametrize("leave", ["sys.exit(0)", "loop.call_soon(os._exit, 0)"], ids=["exit", "return"])
def test_what_is_written_before_a_fork_is_sent_once(loop_name: str, leave: str) -> None:
    lines = lines_of(
        f"""
import socket
async def connect():
    return await asyncio.open_connection(sock=stream)
def fork():
    writer.write(b"stream")
    child = os.fork()
    if child == 0:
        {leave}
        return
    assert os.waitpid(child, 0)[1] == 0
    writer.write(b"; ")
    loop.call_soon(loop.stop)
loop = new_event_loop()
stream, peer = socket.socketpair()
_, writer = loop.run_until_complete(connect())
loop.call_soon(fork)
loop.run_forever()
say(peer.recv(99))
""",
        loop=loop_name,
        options=["-W", "ignore"],
    )
    assert lines == ["b'stream; '"]


def test_a_child_forks_again(loop_name: str) -> None:
    lines = lines_of(
        f"""{IN_CHILD}
def go_on(generation):
    loop.run_until_complete(asyncio.sleep(0.001))
    if generation < 3:
        say("child", in_child(lambda: go_on(generation + 1)))
    loop.run_until_complete(asyncio.sleep(0.001))
    say("generation", generation)
loop = new_event_loop()
go_on(0)
loop.close()
""",
        loop=loop_name,
    )
    assert lines == ["generation 3", "child 0", "generation 2", "child 0", "generation 1", "child 0", "generation 0"]


def test_the_child_collects_garbage_and_ends_by_itself(loop_name: str) -> None:
    lines = lines_of(
        f"""{IN_CHILD}
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
""",
        loop=loop_name,
    )
    assert lines == ["child ends", "5"]


def test_garbage_is_collected_in_the_child_before_anything_else(loop_name: str) -> None:
    program = f"""
import asyncio, gc, os, sys
# What is registered first is called first in the child.
os.register_at_fork(after_in_child=gc.collect)
import pyloop
loop = {"pyloop.new_event_loop()" if loop_name == "pyloop" else "asyncio.SelectorEventLoop()"}
kept = [loop.call_soon(print), loop.call_later(1, print)]
child = os.fork()
if child == 0:
    loop.run_until_complete(asyncio.sleep(0.001))
    os._exit(3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
loop.run_until_complete(asyncio.sleep(0.001, "the parent goes on"))
loop.close()
"""
    done = run_command([sys.executable, "-W", "ignore", "-c", program])
    assert done.stdout.splitlines() == ["", "3", ""], done.stderr


def test_a_server_that_is_made_first_is_served_by_every_child(loop_name: str) -> None:
    """As pre-forking servers that load the program first do: gunicorn with --preload."""
    lines = lines_of(
        f"""{IN_CHILD}
import socket
async def answer(reader, writer):
    writer.write(b"%d " % os.getpid() + await reader.readline())
    await writer.drain()
    writer.close()
async def serve(listener):
    served = asyncio.Event()
    async def answer_once(*streams):
        await answer(*streams)
        served.set()
    async with await asyncio.start_server(answer_once, sock=listener):
        await served.wait()
def work():
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve(listener))
    os._exit(0)
# The program that is loaded before the fork has used a loop, and has one.
kept = new_event_loop()
kept.run_until_complete(asyncio.sleep(0.001))
listener = socket.create_server(("127.0.0.1", 0))
children = set()
for _ in range(3):
    child = os.fork()
    if child == 0:
        work()
    children.add(child)
async def ask():
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    writer.write(b"question\\n")
    child, word = (await reader.read()).split()
    writer.close()
    return int(child), word
answers = [kept.run_until_complete(asyncio.wait_for(ask(), 20)) for _ in range(3)]
say({{word for _, word in answers}}, {{child for child, _ in answers}} == children)
for child in children:
    say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
kept.close()
""",
        loop=loop_name,
    )
    assert lines == ["{b'question'} True", "0", "0", "0"]


_MULTIPROCESSING = """
import asyncio
import concurrent.futures
import multiprocessing
import sys

import pyloop

if sys.argv[1] == "pyloop":
    run = pyloop.run
else:
    run = asyncio.run

async def double(number):
    await asyncio.sleep(0.001)
    return 2 * number

def work(number):
    return run(double(number))

async def main():
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as executor:
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(executor, work, number) for number in range(6)))

if __name__ == "__main__":
    print(run(main()))
    print(run(main()))
"""


def test_forked_workers_run_loops(loop_name: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(_MULTIPROCESSING)
    done = run_command([sys.executable, "-W", "ignore", str(program), loop_name])
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[0, 2, 4, 6, 8, 10]"] * 2
