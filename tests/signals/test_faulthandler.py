"""Python's faulthandler and the engine share a process: neither breaks the other, in whatever order they come.

A JVM raises SIGSEGV on purpose and handles it; a faulthandler on top of it would end the process at that moment.
"""

from __future__ import annotations

import pytest

from support.programs import lines_of, run_loop_program

_WORK = """
def work(loop):
    \"\"\"Enough callbacks, timers and tasks for a JVM to compile, collect garbage and stop its threads for it.\"\"\"
    done = 0
    def turn(left):
        nonlocal done
        done += 1
        if left:
            loop.call_soon(turn, left - 1)
    for _ in range(10):
        loop.call_soon(turn, 9_999)
    for number in range(20_000):
        loop.call_later(number % 7 / 1000, turn, 0)
    async def wait():
        while done < 120_000:
            await asyncio.sleep(0.001)
    loop.run_until_complete(wait())
    say("worked", done)
"""

_ORDERS = {
    "enabled before": """
faulthandler.enable()
loop = new_event_loop()
work(loop)
""",
    "enabled after": """
loop = new_event_loop()
faulthandler.enable()
work(loop)
""",
    "enabled after some work": """
loop = new_event_loop()
work(loop)
faulthandler.enable()
work(loop)
""",
    "enabled while running": """
loop = new_event_loop()
loop.call_soon(faulthandler.enable)
work(loop)
""",
    "enabled, disabled and enabled again": """
loop = new_event_loop()
for _ in range(3):
    faulthandler.enable()
    faulthandler.disable()
faulthandler.enable()
work(loop)
""",
    "disabled after": """
faulthandler.enable()
loop = new_event_loop()
faulthandler.disable()
work(loop)
""",
    "disabled between two runs": """
faulthandler.enable()
loop = new_event_loop()
work(loop)
faulthandler.disable()
work(loop)
faulthandler.enable()
work(loop)
""",
    "enabled with a file": """
import tempfile
loop = new_event_loop()
with tempfile.TemporaryFile() as file:
    faulthandler.enable(file)
    work(loop)
    faulthandler.disable()
work(loop)
""",
    "with a later dump": """
loop = new_event_loop()
faulthandler.enable()
faulthandler.dump_traceback_later(3600)
work(loop)
faulthandler.cancel_dump_traceback_later()
""",
    "enabled and the loop in a thread": """
faulthandler.enable()
loop = new_event_loop()
thread = threading.Thread(target=work, args=(loop,))
thread.start()
thread.join()
""",
}


@pytest.mark.parametrize("order", _ORDERS.values(), ids=_ORDERS.keys())
def test_the_loop_works_in_whatever_order(order: str) -> None:
    lines = lines_of(f"import faulthandler\n{_WORK}\n{order}\nloop.close()")
    assert set(lines) == {"worked 120000"}


@pytest.mark.parametrize("options", [["-X", "faulthandler"], ["-X", "dev"]], ids=" ".join)
def test_the_loop_works_with_the_interpreter_s_option(options: list[str]) -> None:
    # Debug mode, which -X dev means, would trace the source of every callback.
    lines = lines_of(
        f"{_WORK}\nloop = new_event_loop(); loop.set_debug(False); work(loop); loop.close()", options=options
    )
    assert lines == ["worked 120000"]


def test_a_dump_on_request_shows_the_callback() -> None:
    done = run_loop_program(
        """
import faulthandler
loop = new_event_loop()
faulthandler.enable()
def callback_to_be_shown():
    faulthandler.dump_traceback()
loop.call_soon(callback_to_be_shown)
loop.call_soon(loop.stop)
loop.run_forever()
faulthandler.register(signal.SIGUSR1)
loop.call_soon(os.kill, os.getpid(), signal.SIGUSR1)
loop.call_later(0.001, loop.stop)
loop.run_forever()
loop.close()
"""
    )
    assert done.returncode == 0, done.stderr
    assert "callback_to_be_shown" in done.stderr
    assert done.stderr.count("(most recent call first)") == 2


@pytest.mark.parametrize("enable", ["before", "after"])
def test_a_real_crash_is_still_reported(loop_name: str, enable: str) -> None:
    statements = ["faulthandler.enable()", "loop = new_event_loop()"]
    done = run_loop_program(
        f"""
import ctypes, faulthandler
{"; ".join(statements if enable == "before" else reversed(statements))}
def crash_to_be_shown():
    ctypes.string_at(8)
loop.call_soon(crash_to_be_shown)
loop.run_forever()
""",
        loop=loop_name,
    )
    assert done.returncode < 0
    assert "Fatal Python error: Segmentation fault" in done.stderr
    assert "crash_to_be_shown" in done.stderr
