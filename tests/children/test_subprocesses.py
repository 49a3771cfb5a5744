"""Children: how their end is learned of, what they are sent, and what is left when a program gives up on them."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any, Final

import pytest

import pyloop
from support.descriptors import open_descriptors
from support.loops import LoopFactory, fresh_loop, run_idle, run_iteration
from support.programs import run_command
from support.squatters import squatters
from support.streams import assert_same_course, settle

_PIPE: Final = asyncio.subprocess.PIPE


def _run(loop: asyncio.AbstractEventLoop, main: Any) -> Any:
    return loop.run_until_complete(asyncio.wait_for(main, 60))


async def _status(command: str) -> int:
    process = await asyncio.create_subprocess_shell(command)
    return await process.wait()


def test_statuses_are_exact(each_loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> list[int]:
        commands = ["exit 0", "exit 7", "exit 255", "kill -9 $$", "kill -15 $$", "exec true"]
        return await asyncio.gather(*map(_status, commands))

    assert _run(each_loop, main()) == [0, 7, 255, -9, -15, 0]


def test_a_child_that_ends_before_anybody_looks(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> int:
        process = await asyncio.create_subprocess_shell("sleep 0.1; exit 5")
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        return await process.wait()

    assert _run(loop, main()) == 5


def test_a_child_that_the_program_waits_for_by_popen() -> None:
    async def main() -> int:
        process = await asyncio.create_subprocess_shell("sleep 0.1; exit 6")
        process._transport.get_extra_info("subprocess").wait()  # type: ignore[attr-defined]
        return await process.wait()

    with fresh_loop(pyloop.new_event_loop) as loop:
        assert _run(loop, main()) == 6


def test_a_child_that_somebody_else_waits_for(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> int:
        process = await asyncio.create_subprocess_exec("sleep", "60")
        process.kill()
        os.waitpid(process.pid, 0)
        return await process.wait()

    # The kernel tells how it ended from 6.15 on; 255 is what asyncio makes of not knowing.
    assert _run(loop, main()) in (-signal.SIGKILL, 255)


def test_megabytes_both_ways(each_loop: asyncio.AbstractEventLoop) -> None:
    content = os.urandom(1 << 20) * 5

    async def main() -> tuple[bytes, bytes]:
        process = await asyncio.create_subprocess_shell("tee /dev/stderr", stdin=_PIPE, stdout=_PIPE, stderr=_PIPE)
        return await process.communicate(content)

    assert _run(each_loop, main()) == (content, content)


def test_what_a_child_writes_comes_in_pieces_of_the_usual_size(each_loop: asyncio.AbstractEventLoop) -> None:
    """However much its pipe holds, and whoever counts on it."""
    sizes: list[int] = []

    class Sizes(_Recorder):
        def pipe_data_received(self, fd: int, data: bytes) -> None:
            sizes.append(len(data))

    async def main() -> None:
        transport, protocol = await each_loop.subprocess_exec(Sizes, "head", "-c", "5000000", "/dev/zero", stdin=None)
        await _until(protocol, "lost")
        transport.close()

    _run(each_loop, main())
    assert sum(sizes) == 5_000_000
    assert max(sizes) <= 65_536


def test_neither_thread_nor_signal_handler_is_needed() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGCHLD, lambda number, _: seen.append(number))
    threads = threading.enumerate()

    async def main() -> list[int]:
        process = await asyncio.create_subprocess_exec("sleep", "60")
        assert threading.enumerate() == threads
        process.terminate()
        return [await process.wait(), await _status("exit 3")]

    try:
        with fresh_loop(pyloop.new_event_loop) as loop:
            assert _run(loop, main()) == [-signal.SIGTERM, 3]
            assert signal.getsignal(signal.SIGCHLD) is not before
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert seen


def test_children_of_loops_in_other_threads() -> None:
    results: list[int] = []

    def work(number: int) -> None:
        results.append(pyloop.run(_status(f"exit {number}")))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [0, 1, 2, 3]


class _Recorder(asyncio.SubprocessProtocol):
    def __init__(self) -> None:
        self.events: list[object] = []

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self.events.append(fd)

    def process_exited(self) -> None:
        self.events.append("exited")

    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append("lost")


async def _until(protocol: _Recorder, event: str) -> None:
    while event not in protocol.events:
        await asyncio.sleep(0.001)


def test_a_grandchild_that_keeps_the_pipe(each_loop: asyncio.AbstractEventLoop) -> None:
    """The child's end shows at once, that of the connection when the grandchild lets the pipe go."""

    async def main() -> list[object]:
        transport, protocol = await each_loop.subprocess_shell(_Recorder, "sleep 0.3 & exit 4", stdin=None, stderr=None)
        await _until(protocol, "exited")
        assert transport.get_returncode() == 4
        await _until(protocol, "lost")
        transport.close()
        return protocol.events

    assert _run(each_loop, main()) == ["exited", 1, "lost"]


def test_signals_to_an_ended_child_reach_nobody(each_loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        transport, protocol = await each_loop.subprocess_shell(_Recorder, "sleep 0.3 & exit 4", stdin=None, stderr=None)
        await _until(protocol, "exited")
        transport.kill()
        transport.terminate()
        transport.send_signal(signal.SIGUSR1)
        await _until(protocol, "lost")
        await asyncio.sleep(0)
        with pytest.raises(ProcessLookupError):
            transport.kill()
        transport.close()

    _run(each_loop, main())


def test_close_kills(each_loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> tuple[int, list[object]]:
        transport, protocol = await each_loop.subprocess_exec(_Recorder, "sleep", "60", stderr=None)
        transport.close()
        return await transport._wait(), protocol.events  # type: ignore[attr-defined]

    returncode, events = _run(each_loop, main())
    assert returncode == -signal.SIGKILL
    assert sorted(map(str, events)) == ["0", "1", "exited", "lost"]


def test_a_loop_that_is_closed_while_a_child_runs() -> None:
    with fresh_loop(pyloop.new_event_loop) as loop:
        process = _run(loop, asyncio.create_subprocess_exec("sleep", "60"))
    popen = process._transport.get_extra_info("subprocess")
    process.kill()
    assert popen.wait() == -signal.SIGKILL
    process._transport.close()


def test_no_descriptor_for_a_child(loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not go on unwatched."""
    _run(loop, _status("exit 0"))
    started: list[int] = []

    def fail(pid: int) -> int:
        started.append(pid)
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patches:
        patches.setattr(os, "pidfd_open", fail)
        with pytest.raises(OSError, match="Too many open files"):
            _run(loop, asyncio.create_subprocess_exec("sleep", "60"))
    with pytest.raises(ChildProcessError):
        os.waitpid(started[0], 0)
    run_idle(loop)


def test_a_spawn_that_runs_out_of_descriptors(each_factory: LoopFactory) -> None:
    with fresh_loop(each_factory) as loop:
        _run(loop, _status("exit 0"))
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        held = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
        try:
            while True:
                try:
                    held.append(os.dup(0))
                except OSError:
                    break
            with pytest.raises(OSError, match="Too many open files"):
                _run(loop, asyncio.create_subprocess_exec("true", stdin=_PIPE))
        finally:
            for descriptor in held:
                os.close(descriptor)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert _run(loop, _status("exit 1")) == 1


def test_a_spawn_that_is_cancelled_when_its_child_has_ended(loop: asyncio.AbstractEventLoop) -> None:
    """CPython 3.14 wakes those who wait twice then, and reports that as a failure of the second time."""
    reports: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: reports.append(context))

    async def main() -> None:
        for turns in range(8):
            task = asyncio.create_task(asyncio.create_subprocess_exec("true", stdin=_PIPE, stdout=_PIPE))
            for _ in range(turns):
                await asyncio.sleep(0)
            time.sleep(0.02)
            task.cancel()
            done = (await asyncio.gather(task, return_exceptions=True))[0]
            if not isinstance(done, BaseException):
                await done.communicate()

    _run(loop, main())
    assert reports == []


async def _communicate() -> tuple[bytes, bytes]:
    process = await asyncio.create_subprocess_exec("cat", stdin=_PIPE, stdout=_PIPE)
    try:
        return await process.communicate(bytes(2_000_000))
    finally:
        process._transport.close()  # type: ignore[attr-defined]


async def _wait() -> int:
    process = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        return await process.wait()
    finally:
        process._transport.close()  # type: ignore[attr-defined]


_AWAITS: dict[str, Callable[[], Any]] = {
    "exec": lambda: asyncio.create_subprocess_exec("sleep", "60", stdin=_PIPE, stdout=_PIPE),
    "shell": lambda: asyncio.create_subprocess_shell("exec sleep 60", stdin=_PIPE, stderr=_PIPE),
    "exec without pipes": lambda: asyncio.create_subprocess_exec("sleep", "60"),
    "wait": _wait,
    "communicate": _communicate,
}


@pytest.mark.parametrize("operation", _AWAITS)
def test_cancellation_leaves_numbers_alone(loop: asyncio.AbstractEventLoop, operation: str) -> None:
    """At every await: no descriptor is closed twice or left open, and no bytes go astray."""
    pipes = open_descriptors()["pipe"]
    for steps in (*range(12), 20, 40):
        with squatters(loop) as taken:
            task = loop.create_task(_AWAITS[operation]())
            taken.step(steps)
            while not task.done():
                task.cancel()
                for _ in range(200):
                    if task.done():
                        break
                    taken.step()
            if not task.cancelled() and operation.startswith(("exec", "shell")):
                task.result()._transport.close()
            taken.step_until(
                lambda: not loop._children and open_descriptors()["pipe"] == pipes,  # type: ignore[attr-defined]
            )
            taken.step(10)
            taken.check()
            del task


def test_a_child_that_leaves_its_pipes_to_another() -> None:
    """It has been waited for when it ends; before 3.15 when its pipes do."""

    async def scenario() -> object:
        child = await asyncio.create_subprocess_exec(
            *("sh", "-c", "sleep 60 & echo $!; read line; exit 3"), stdin=_PIPE, stdout=_PIPE
        )
        assert child.stdin is not None
        assert child.stdout is not None
        other = int(await child.stdout.readline())
        waiting = asyncio.create_task(child.wait())
        await settle()
        child.stdin.write(b"end\n")
        while child.returncode is None:
            await asyncio.sleep(0.001)
        await settle()
        over = waiting.done()
        os.kill(other, signal.SIGKILL)
        return over, await waiting, await child.stdout.read()

    assert f"({sys.version_info >= (3, 15)}, 3, b'')" in assert_same_course(scenario)


def test_a_watcher_that_the_program_chose_is_asked(loop: asyncio.AbstractEventLoop) -> None:
    watcher = getattr(asyncio, "SafeChildWatcher", None)

    async def main() -> tuple[int, int]:
        process = await asyncio.create_subprocess_exec("true")
        return len(loop._children), await process.wait()  # type: ignore[attr-defined]

    if watcher is None:  # from 3.14 on every loop has one, and none is public
        vars(loop)["_watcher"] = asyncio.unix_events._ThreadedChildWatcher()  # type: ignore[attr-defined]
        assert _run(loop, main()) == (0, 0)
        return

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        chosen = watcher()
        chosen.attach_loop(loop)
        asyncio.set_child_watcher(chosen)
        try:
            assert _run(loop, main()) == (0, 0)
        finally:
            asyncio.set_child_watcher(None)  # type: ignore[arg-type]
    run_iteration(loop)


def test_a_transport_that_is_left_at_exit_goes_silently() -> None:
    # Python empties modules that something still holds before it drops what they, and others, have left.
    program = """
        import asyncio, sys
        import pyloop
        from pyloop._methods import children

        async def main():
            loop = asyncio.get_running_loop()
            transport, _ = await loop.subprocess_exec(asyncio.SubprocessProtocol, sys.executable, "-c", "")
            await transport._wait()
            transport.close()
            return transport

        transport = pyloop.run(main())
        for name in [name for name in vars(children) if not name.startswith("__")]:
            setattr(children, name, None)
        del transport
        print("gone")
    """
    done = run_command([sys.executable, "-c", textwrap.dedent(program)])
    assert (done.stdout, done.stderr) == ("gone\n", "")
