"""Small stacks do for what they do on asyncio, and who has no stack left gets a RecursionError."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.programs import lines_of, run_loop_program

_IN_THREAD = """
import gc
def in_thread(work, kib):
    \"\"\"Do work in a thread with a stack of so many KiB.\"\"\"
    before = threading.stack_size(kib * 1024)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    threading.stack_size(before)

with asyncio.Runner(loop_factory=new_event_loop) as runner:
    pass  # to import modules takes more stack than to use them
"""

_USES = {
    "calling a loop": """
def work():
    loop.call_soon(say, "called")
    loop.call_soon_threadsafe(say, "called")
    loop.call_later(0, say, "called")
loop = new_event_loop()
in_thread(work, KIB)
loop.run_until_complete(asyncio.sleep(0.001))
loop.close()
""",
    "running a loop": """
def work():
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        say(runner.run(asyncio.sleep(0.001, "run")))
in_thread(work, KIB)
""",
    "running a loop of the main thread's": """
loop = new_event_loop()
loop.call_soon(say, "called")
in_thread(lambda: loop.run_until_complete(asyncio.sleep(0.001)), KIB)
loop.run_until_complete(asyncio.sleep(0.001))
loop.close()
""",
    "a connection": """
import socket
async def main():
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    other_reader, other_writer = await asyncio.open_connection(sock=theirs)
    writer.write(b"x" * 100_000)
    writer.write_eof()
    say(len(await other_reader.read()))
    for end in writer, other_writer:
        end.close()
        await end.wait_closed()
def work():
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())
work()
in_thread(work, KIB)
""",
    "collecting garbage": """
loop = new_event_loop()
for _ in range(100):
    loop.call_soon(list, [loop])
in_thread(lambda: say(gc.collect() >= 0), KIB)
loop.close()
""",
    "collecting garbage and calling a loop": """
loop = new_event_loop()
def work():
    loop.call_soon(say, "called")
    gc.collect()
    loop.call_soon(say, "called")
in_thread(work, KIB)
loop.run_until_complete(asyncio.sleep(0))
loop.close()
""",
    "dropping a loop": """
import warnings
warnings.simplefilter("ignore")
loops = [new_event_loop()]
loops[0].call_soon(list, loops[0])
def work():
    loops.clear()
    gc.collect()
    say("collected")
in_thread(work, KIB)
""",
    "a recursion beside a loop": """
def recur():
    recur()
async def main():
    try:
        recur()
    except RecursionError:
        say("RecursionError")
def work():
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())
in_thread(work, KIB)
""",
}

_SMALLEST = 64 if sys.version_info >= (3, 14) else 40
"""KiB that let a loop of asyncio's run; 3.14 refuses threads of less than 52."""


@pytest.mark.parametrize("kib", [_SMALLEST, 96])
@pytest.mark.parametrize("use", _USES.values(), ids=_USES.keys())
def test_a_thread_with_a_small_stack_uses_a_loop(loop_name: str, use: str, kib: int) -> None:
    lines = lines_of(f"{_IN_THREAD}\n{use.replace('KIB', str(kib))}", loop=loop_name)
    assert lines
    assert "recursion" not in use or lines == ["RecursionError"]


def test_the_engine_starts_in_a_thread_with_a_small_stack(tmp_path: Path) -> None:
    program = """
def work():
    with asyncio.Runner(loop_factory=pyloop.new_event_loop) as runner:
        say(runner.run(asyncio.sleep(0.001, "run")))
threading.stack_size(int(os.environ["STACK"]) * 1024)
thread = threading.Thread(target=work)
thread.start()
thread.join()
loop = new_event_loop()
say(loop.run_until_complete(asyncio.sleep(0.001, "run")))
loop.close()
"""
    # To compile modules takes more stack than to import them.
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path)}
    for kib in 8192, 64:
        done = run_loop_program(program, env={**compiled, "STACK": str(kib)})
        assert done.returncode == 0, f"{kib}: {done.returncode}\n{done.stderr}"
        assert done.stdout.splitlines() == ["run", "run"]


_AT_EVERY_DEPTH = """
import gc
gc.freeze()
def recur():
    gc.collect()
    loop.call_soon(list)
    loop.call_later(0, list)
    return list(map(lambda _: recur(), [0])) if THROUGH_C else recur()
def work():
    try:
        recur()
    except RecursionError:
        say("RecursionError")
loop = new_event_loop()
threading.stack_size(KIB * 1024)
thread = threading.Thread(target=work)
thread.start()
thread.join()
loop.run_until_complete(asyncio.sleep(0.001))
loop.close()
"""


@pytest.mark.parametrize("kib", [64, 1024])
@pytest.mark.parametrize("through_c", [False, True], ids=["Python", "C"])
def test_a_stack_is_filled_with_calls_and_collections(loop_name: str, through_c: bool, kib: int) -> None:
    if through_c and sys.version_info < (3, 14):
        pytest.skip("before 3.14 Python itself does not look how much of the stack is left")
    program = _AT_EVERY_DEPTH.replace("THROUGH_C", str(through_c)).replace("KIB", str(kib))
    done = run_loop_program(program, loop=loop_name)
    assert done.returncode == 0, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    assert done.stdout.splitlines() == ["RecursionError"]
