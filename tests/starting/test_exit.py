"""Programs end as they would with asyncio: their exit codes, their last words, and never by hanging or crashing."""

from __future__ import annotations

import pytest

from support.programs import run_loop_program

_ENDINGS = {
    "a closed loop": ("loop = new_event_loop(); loop.close()", 0),
    "an open loop": ("loop = new_event_loop(); loop.run_until_complete(asyncio.sleep(0))", 0),
    "an open loop with work left": (
        "loop = new_event_loop(); loop.call_soon(print); loop.call_later(1, print); loop.call_soon(loop.stop)",
        0,
    ),
    "an open loop that handles a signal": ("loop = new_event_loop(); loop.add_signal_handler(10, print)", 0),
    "sys.exit in a callback": (
        "loop = new_event_loop(); loop.call_soon(sys.exit, 3); loop.run_forever()",
        3,
    ),
    "sys.exit with a message in a callback": (
        "loop = new_event_loop(); loop.call_soon(sys.exit, 'last words'); loop.run_forever()",
        1,
    ),
    "sys.exit in a timer": (
        "loop = new_event_loop(); loop.call_later(0.001, sys.exit, 4); loop.run_forever()",
        4,
    ),
    "sys.exit in a task": (
        """
async def main():
    await asyncio.sleep(0)
    sys.exit(5)
with asyncio.Runner(loop_factory=new_event_loop) as runner:
    runner.run(main())
""",
        5,
    ),
    "os._exit in a callback": ("loop = new_event_loop(); loop.call_soon(os._exit, 7); loop.run_forever()", 7),
    "os._exit in a thread": (
        "loop = new_event_loop(); threading.Timer(0.01, os._exit, (8,)).start(); loop.run_forever()",
        8,
    ),
    "an exception of the main task": (
        """
async def main():
    raise LookupError("last words")
with asyncio.Runner(loop_factory=new_event_loop) as runner:
    runner.run(main())
""",
        1,
    ),
    "an exception beside a loop": ("loop = new_event_loop(); raise LookupError('last words')", 1),
    "a loop in a daemon thread": (
        """
loop = new_event_loop()
started = threading.Event()
loop.call_soon(started.set)
threading.Thread(target=loop.run_forever, daemon=True).start()
started.wait()
""",
        0,
    ),
    "a busy loop in a daemon thread": (
        """
loop = new_event_loop()
started = threading.Event()
def turn():
    started.set()
    loop.call_soon(turn)
loop.call_soon(turn)
threading.Thread(target=loop.run_forever, daemon=True).start()
started.wait()
""",
        0,
    ),
    "several loops in daemon threads": (
        """
loops = [new_event_loop() for _ in range(5)]
started = threading.Barrier(6)
def run(loop):
    loop.call_soon(started.wait)
    loop.call_later(0.001, loop.call_soon, loop.time)
    loop.run_forever()
for loop in loops:
    threading.Thread(target=run, args=(loop,), daemon=True).start()
started.wait()
""",
        0,
    ),
    "a loop that sleeps in a daemon thread": (
        """
loop = new_event_loop()
threading.Thread(target=loop.run_until_complete, args=(asyncio.sleep(3600),), daemon=True).start()
time.sleep(0.05)
""",
        0,
    ),
    "a thread that outlives the main one": (
        """
loop = new_event_loop()
def run():
    time.sleep(0.05)
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()
    say("last words")
threading.Thread(target=run).start()
""",
        0,
    ),
    "a daemon thread that calls the loop": (
        """
loop = new_event_loop()
def call():
    while True:
        loop.call_soon_threadsafe(len, ())
threading.Thread(target=call, daemon=True).start()
loop.run_until_complete(asyncio.sleep(0.02))
""",
        0,
    ),
    "work in the default executor": (
        """
async def main():
    asyncio.get_running_loop().run_in_executor(None, time.sleep, 0.05)
with asyncio.Runner(loop_factory=new_event_loop) as runner:
    runner.run(main())
""",
        0,
    ),
    "a loop run by an exit handler": (
        """
import atexit
def at_exit():
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        say(runner.run(asyncio.sleep(0.001, "last words")))
atexit.register(at_exit)
""",
        0,
    ),
    "a loop kept for an exit handler": (
        """
import atexit
loop = new_event_loop()
atexit.register(lambda: say(loop.run_until_complete(asyncio.sleep(0.001, "last words"))))
""",
        0,
    ),
    "finalisers that call the loop": (
        """
loop = new_event_loop()
class Finalised:
    def __del__(self):
        try:
            loop.call_soon_threadsafe(print)
            loop.call_soon(print)
            loop.call_later(1, print)
        except (RuntimeError, AttributeError, TypeError):
            pass
kept = Finalised()
kept.cycle = kept
sys.modules["kept"] = kept
loop.call_soon(print, Finalised())
""",
        0,
    ),
    "handles kept in modules": (
        """
import builtins
loop = new_event_loop()
builtins.kept = [loop.call_soon(print), loop.call_later(1, print), loop]
builtins.kept.append(builtins.kept)
""",
        0,
    ),
    "a full thread state": (
        """
loop = new_event_loop()
def deep(depth):
    return deep(depth - 1) if depth else sys.exit(6)
loop.call_soon(deep, 200)
loop.run_forever()
""",
        6,
    ),
}


@pytest.mark.parametrize(("source", "code"), _ENDINGS.values(), ids=_ENDINGS.keys())
def test_a_program_ends(loop_name: str, source: str, code: int) -> None:
    done = run_loop_program(source, loop=loop_name)
    assert done.returncode == code, done.stderr
    assert ("last words" in done.stdout + done.stderr) == ("last words" in source)
    assert "A fatal error has been detected" not in done.stdout + done.stderr
    assert "Fatal Python error" not in done.stderr


def test_an_unclosed_loop_warns_at_exit_when_asked_to(loop_name: str) -> None:
    done = run_loop_program("loop = new_event_loop()", loop=loop_name, options=["-W", "default::ResourceWarning"])
    assert done.returncode == 0
    assert "ResourceWarning: unclosed event loop <" in done.stderr


def test_output_is_flushed_at_exit(loop_name: str) -> None:
    done = run_loop_program(
        "loop = new_event_loop(); loop.call_soon(print, 'x' * 100_000); loop.stop(); loop.run_forever(); loop.close()",
        loop=loop_name,
    )
    assert len(done.stdout) == 100_001
