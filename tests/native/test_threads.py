"""Any thread may call into loops, and nothing is left of it when it ends."""

from __future__ import annotations

import pytest

from support.programs import lines_of, run_loop_program

_WORK = {
    "that call a loop": "loop.call_soon_threadsafe(len, ())",
    "that run a loop": """
with asyncio.Runner(loop_factory=new_event_loop) as runner:
    runner.run(asyncio.sleep(0))
""",
    "that cancel": "handle = loop.call_later(3600, len, ()); handle.cancel()",
}


@pytest.mark.parametrize("work", _WORK.values(), ids=_WORK.keys())
def test_threads_that_end_leave_no_memory_behind(loop_name: str, work: str) -> None:
    """What the second thousands take is what chance makes it; a page for each thread would be megabytes."""
    lines = lines_of(
        f"""
import textwrap
from support.memory import resident
loop = new_event_loop()
work = compile(textwrap.dedent({work!r}), "<work>", "exec")
def run_threads(count):
    for number in range(count):
        thread = threading.Thread(target=exec, args=(work, globals()))
        thread.start()
        thread.join()
        if number % 100 == 0:
            loop.call_soon(loop.stop)
            loop.run_forever()
    return resident()
run_threads(2000)
before = run_threads(1000)
after = run_threads(2000)
# A thread that is joined has told Python that it ends, and ends a moment later.
while len(os.listdir("/proc/self/task")) > 1:
    time.sleep(0.001)
say(after - before)
loop.close()
""",
        loop=loop_name,
    )
    assert int(lines[0]) < 3 << 20


_ENDINGS = {
    "with a loop that was never closed": """
def work():
    loop = new_event_loop()
    loop.call_later(3600, print)
    loop.run_until_complete(asyncio.sleep(0))
    left.append(loop)
""",
    "with a loop that nobody keeps": """
def work():
    loop = new_event_loop()
    loop.call_later(3600, loop.stop)
    loop.run_until_complete(asyncio.sleep(0))
""",
    "in the middle of a loop, with an exception": """
def work():
    loop = new_event_loop()
    left.append(loop)
    loop.call_soon(sys.exit)
    loop.call_soon(list)
    loop.run_forever()
""",
    "with a coroutine suspended": """
async def wait():
    try:
        await asyncio.sleep(3600)
    finally:
        left.append("finally")
def work():
    loop = new_event_loop()
    task = loop.create_task(wait())
    loop.run_until_complete(asyncio.sleep(0))
    left.append((loop, task))
""",
    "with an asynchronous generator suspended": """
async def generate():
    try:
        yield
    finally:
        left.append("finally")
def work():
    loop = new_event_loop()
    generator = generate()
    left.append((loop, generator))
    loop.run_until_complete(generator.__anext__())
""",
}


@pytest.mark.parametrize("ending", _ENDINGS.values(), ids=_ENDINGS.keys())
def test_a_thread_ends(loop_name: str, ending: str) -> None:
    lines = lines_of(
        f"""
import gc, warnings
warnings.simplefilter("ignore")
left = []
{ending}
def run_threads(count):
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
for _ in range(5):
    run_threads(20)
    gc.collect()
    for kept in left:
        loop = kept[0] if isinstance(kept, tuple) else kept
        if isinstance(loop, asyncio.AbstractEventLoop):
            loop.run_until_complete(asyncio.sleep(0))
    left.clear()
    gc.collect()
say("ended")
""",
        loop=loop_name,
        options=["-W", "ignore"],
    )
    assert lines == ["ended"]


_DAEMONS = {
    "runs a loop": "loop.call_soon(started.set); loop.run_forever()",
    "runs a loop that is busy": """
def turn():
    started.set()
    loop.call_soon(turn)
loop.call_soon(turn)
loop.run_forever()
""",
    "calls a loop": """
while True:
    loop.call_soon_threadsafe(len, ())
    started.set()
""",
    "waits in a callback": "loop.call_soon(started.set); loop.call_soon(time.sleep, 3600); loop.run_forever()",
    "makes loops": """
while True:
    new_event_loop().close()
    started.set()
""",
}


@pytest.mark.parametrize("options", [[], ["-X", "dev", "-W", "ignore"]], ids=["", "dev"])
@pytest.mark.parametrize("work", _DAEMONS.values(), ids=_DAEMONS.keys())
def test_the_interpreter_ends_while_a_daemon_thread(loop_name: str, work: str, options: list[str]) -> None:
    done = run_loop_program(
        f"""
import textwrap
loops = [new_event_loop() for _ in range(3)]
for loop in loops:
    loop.set_debug(False)
    started = threading.Event()
    namespace = globals() | {{"loop": loop, "started": started}}
    thread = threading.Thread(target=exec, args=(textwrap.dedent({work!r}), namespace), daemon=True)
    thread.start()
    started.wait()
say("ends")
""",
        loop=loop_name,
        options=options,
    )
    assert done.returncode == 0, f"{done.returncode}\n{done.stderr}"
    assert done.stdout.splitlines() == ["ends"]


def test_threads_that_take_the_places_of_others_keep_apart() -> None:
    """The system gives a new thread the number of one that has ended, whose place in the runtime is a third one's.

    Were two taken for one, the Java garbage collector would look for references where there is no stack any more.
    """
    lines = lines_of(
        """
def run_in_threads(count, seconds):
    threads = [threading.Thread(target=pyloop.run, args=(asyncio.sleep(seconds),)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
for _ in range(3):
    run_in_threads(4, 0.01)
    for _ in range(20):
        run_in_threads(8, 0.001)
    for _ in range(600):
        new_event_loop().close()
say("ended")
"""
    )
    assert lines == ["ended"]
