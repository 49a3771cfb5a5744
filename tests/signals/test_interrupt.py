"""Ctrl-C and the signals that end a process do to a PyLoop program what they do to an asyncio program."""

from __future__ import annotations

import signal
import subprocess

import pytest

from support.programs import HANG_SECONDS, run_loop_program, started_loop_program

_INTERRUPT_SOON = """
def interrupt_soon():
    threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
"""

_STATES = {
    "idle": "loop.run_forever()",
    "waiting for a timer": "loop.call_later(3600, print); loop.run_forever()",
    "watching descriptors": """
import socket
ours, theirs = socket.socketpair()
loop.add_reader(ours, print)
loop.run_forever()
""",
    "busy with callbacks": """
def turn():
    loop.call_soon(turn)
loop.call_soon(turn)
loop.run_forever()
""",
    "busy with overdue timers": """
def turn():
    loop.call_later(0, turn)
loop.call_soon(turn)
loop.run_forever()
""",
    "in a callback that computes": """
def compute():
    while True:
        pass
loop.call_soon(compute)
loop.run_forever()
""",
    "in a callback that sleeps": "loop.call_soon(time.sleep, 3600); loop.run_forever()",
    "with a thread that calls": """
def call():
    while True:
        try:
            loop.call_soon_threadsafe(len, ())
        except RuntimeError:
            return
        time.sleep(0.0001)
threading.Thread(target=call, daemon=True).start()
loop.run_forever()
""",
    "running a task": """
async def main():
    while True:
        await asyncio.sleep(0)
loop.run_until_complete(main())
""",
}


@pytest.mark.parametrize("state", _STATES.values(), ids=_STATES.keys())
def test_an_interrupt_leaves_the_loop_in_every_state(loop_name: str, state: str) -> None:
    indented = "\n".join("    " + line for line in state.strip().splitlines())
    done = run_loop_program(
        f"""{_INTERRUPT_SOON}
loop = new_event_loop()
# What a first callback takes is over before the signal comes: until then it would wait for the end of one in C.
loop.call_soon(time.sleep, 0)
loop.stop()
loop.run_forever()
interrupt_soon()
try:
{indented}
except KeyboardInterrupt:
    say("interrupted", loop.is_running())
loop.call_soon(say, "runs again")
loop.stop()
loop.run_forever()
os._exit(0)
""",
        loop=loop_name,
    )
    assert done.stdout.splitlines() == ["interrupted False", "runs again"], done.stderr
    assert done.returncode == 0


def test_a_runner_cancels_the_main_task(loop_name: str) -> None:
    done = run_loop_program(
        f"""{_INTERRUPT_SOON}
async def main():
    interrupt_soon()
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        say("cancelled")
        raise
    finally:
        await asyncio.sleep(0)
        say("cleaned up")
try:
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())
except KeyboardInterrupt:
    say("interrupted")
""",
        loop=loop_name,
    )
    assert done.stdout.splitlines() == ["cancelled", "cleaned up", "interrupted"], done.stderr
    assert done.returncode == 0


def test_pyloop_run_cancels_the_main_task() -> None:
    done = run_loop_program(
        f"""{_INTERRUPT_SOON}
async def main():
    interrupt_soon()
    try:
        await asyncio.Event().wait()
    finally:
        say("cleaned up")
pyloop.run(main())
"""
    )
    assert done.stdout.splitlines() == ["cleaned up"]
    assert done.returncode == -signal.SIGINT
    assert done.stderr.rstrip().endswith("KeyboardInterrupt")


def test_a_second_interrupt_need_not_wait_for_the_clean_up(loop_name: str) -> None:
    done = run_loop_program(
        f"""{_INTERRUPT_SOON}
async def main():
    interrupt_soon()
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        interrupt_soon()
        time.sleep(3600)
try:
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())
except KeyboardInterrupt:
    say("interrupted")
""",
        loop=loop_name,
    )
    assert done.stdout.splitlines() == ["interrupted"], done.stderr
    assert done.returncode == 0


def test_a_handler_of_the_loop_takes_the_interrupt(loop_name: str) -> None:
    done = run_loop_program(
        f"""{_INTERRUPT_SOON}
loop = new_event_loop()
loop.add_signal_handler(signal.SIGINT, loop.stop)
interrupt_soon()
loop.run_forever()
say("stopped")
loop.remove_signal_handler(signal.SIGINT)
interrupt_soon()
try:
    loop.run_forever()
except KeyboardInterrupt:
    say("interrupted")
loop.close()
""",
        loop=loop_name,
    )
    assert done.stdout.splitlines() == ["stopped", "interrupted"], done.stderr
    assert done.returncode == 0


def test_the_main_thread_is_interrupted_while_a_loop_runs_elsewhere(loop_name: str) -> None:
    done = run_loop_program(
        f"""{_INTERRUPT_SOON}
loop = new_event_loop()
thread = threading.Thread(target=loop.run_forever)
thread.start()
interrupt_soon()
try:
    time.sleep(3600)
except KeyboardInterrupt:
    say("interrupted")
loop.call_soon_threadsafe(loop.stop)
thread.join()
loop.close()
""",
        loop=loop_name,
    )
    assert done.stdout.splitlines() == ["interrupted"], done.stderr
    assert done.returncode == 0


_IDLE = """
loop = new_event_loop()
loop.call_soon(say, "ready")
loop.run_forever()
"""


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
        signal.SIGQUIT,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGALRM,
        signal.SIGABRT,
        signal.SIGKILL,
    ],
)
def test_a_signal_without_a_handler_ends_an_idle_program(number: signal.Signals) -> None:
    codes: dict[str, int] = {}
    for name in ("asyncio", "pyloop"):
        with started_loop_program(_IDLE, loop=name) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            process.send_signal(number)
            codes[name] = process.wait(HANG_SECONDS)
    assert codes == {"asyncio": -number, "pyloop": -number}


@pytest.mark.parametrize("number", [signal.SIGCHLD, signal.SIGWINCH, signal.SIGCONT, signal.SIGURG, signal.SIGPIPE])
def test_a_signal_that_is_ignored_changes_nothing(loop_name: str, number: signal.Signals) -> None:
    with started_loop_program(_IDLE, loop=loop_name) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for _ in range(5):
            process.send_signal(number)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.2)


def test_a_program_is_suspended_and_goes_on(loop_name: str) -> None:
    with started_loop_program(
        """
loop = new_event_loop()
def answer():
    line = sys.stdin.readline()
    say(f"got {line.strip()!r}")
    if not line:
        loop.stop()
loop.add_reader(0, answer)
loop.call_soon(say, "ready")
loop.run_forever()
""",
        loop=loop_name,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGSTOP)
        process.send_signal(signal.SIGCONT)
        process.stdin.write("hello\n")
        process.stdin.flush()
        assert process.stdout.readline() == "got 'hello'\n"
        process.stdin.close()
        assert process.stdout.readline() == "got ''\n"
        assert process.wait(HANG_SECONDS) == 0


def test_an_uncaught_interrupt_ends_the_program_as_it_ends_python(loop_name: str) -> None:
    with started_loop_program(_IDLE, loop=loop_name) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(HANG_SECONDS) == -signal.SIGINT
        assert "KeyboardInterrupt" in process.stderr.read().splitlines()
