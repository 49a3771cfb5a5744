"""Signals to the child of a fork: none of the parent's handlers runs for them, in the parent or in the child.

On asyncio of Python 3.11 the child has the parent's wake-up descriptor, so the parent takes the child's signals for its
own (uvicorn's issue 548); from 3.12 on the child has none.
"""

from __future__ import annotations

import sys

import pytest

from support.programs import lines_of

_PROGRAM = """
import multiprocessing, warnings
warnings.simplefilter("ignore")  # of the interpreter, about threads

def work():
    os.kill(os.getpid(), signal.SIGUSR1)
    for _ in range(3):
        time.sleep(0.001)  # the interpreter runs handlers that are due
    os._exit(7)

def fork():
    child = os.fork()
    if child == 0:
        work()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def start():
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
    return process.exitcode

async def main(how):
    loop = asyncio.get_running_loop()
    handled = []
    loop.add_signal_handler(signal.SIGUSR1, lambda: handled.append(os.getpid()))
    say(await how())
    for _ in range(9):
        await asyncio.sleep(0.001)
    say("handled", len(handled))
    os.kill(os.getpid(), signal.SIGUSR1)
    while not handled:
        await asyncio.sleep(0.001)
    loop.remove_signal_handler(signal.SIGUSR1)

async def in_loop(): return fork()
async def by_multiprocessing(): return start()
async def in_thread(): return await asyncio.to_thread(fork)
async def by_multiprocessing_in_thread(): return await asyncio.to_thread(start)

with asyncio.Runner(loop_factory=new_event_loop) as runner:
    runner.run(main(HOW))
"""


@pytest.mark.parametrize("how", ["in_loop", "by_multiprocessing", "in_thread", "by_multiprocessing_in_thread"])
def test_handlers_of_the_parent_do_not_run(loop_name: str, how: str) -> None:
    shares = loop_name == "asyncio" and sys.version_info < (3, 12)
    assert lines_of(_PROGRAM.replace("HOW", how), loop=loop_name) == ["7", f"handled {int(shares)}"]


@pytest.mark.parametrize("own", [False, True], ids=["none", "the program's own"])
@pytest.mark.parametrize("sleeping", [False, True], ids=["in the loop's thread", "while the loop sleeps"])
def test_the_wake_up_descriptor_of_the_child(loop_name: str, sleeping: bool, own: bool) -> None:
    """It is never the parent's loop's; the program's own stays what it is on asyncio: gone from 3.12 on."""
    program = """
import warnings
warnings.simplefilter("ignore")
read, write = os.pipe()
os.set_blocking(write, False)
def fork():
    child = os.fork()
    if child == 0:
        had = signal.set_wakeup_fd(-1)
        say("own" if had == write else had)
        os._exit(0)
    os.waitpid(child, 0)
async def main():
    if OWN:
        signal.set_wakeup_fd(write)
    if SLEEPING:
        await asyncio.to_thread(lambda: (time.sleep(0.05), fork()))
    else:
        fork()
with asyncio.Runner(loop_factory=new_event_loop) as runner:
    runner.run(main())
"""
    text = program.replace("OWN", str(own)).replace("SLEEPING", str(sleeping))
    expected = "own" if own and sys.version_info < (3, 12) else "-1"
    assert lines_of(text, loop=loop_name) == [expected]
