"""What works on either engine: to start other programs, to fork before there is a loop, and children without one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.forks import IN_CHILD
from support.programs import lines_of, run_command


def test_pre_forked_children_make_their_own_loops() -> None:
    lines = lines_of(
        f"""{IN_CHILD}
pyloop.install()
async def main(number):
    await asyncio.sleep(0.001 * number)
    say("child runs", type(asyncio.get_running_loop()).__module__.split(".")[0])
codes = [in_child(lambda: asyncio.run(main(number))) for number in range(2)]
say(*codes)
asyncio.run(main(0))
"""
    )
    assert lines == ["child runs pyloop"] * 2 + ["0 0", "child runs pyloop"]


def test_subprocesses_of_every_kind_work(loop_name: str) -> None:
    lines = lines_of(
        """
import subprocess
loop = new_event_loop()
loop.run_until_complete(asyncio.sleep(0))
say(subprocess.run([sys.executable, "-c", "print('run')"], capture_output=True, text=True).stdout.strip())
say(subprocess.run(["echo", "with a function"], preexec_fn=lambda: None, capture_output=True, text=True).stdout.strip())
say(subprocess.run("echo shell", shell=True, capture_output=True, text=True).stdout.strip())
say(os.system("exit 3") >> 8)
async def main():
    process = await asyncio.create_subprocess_shell("cat; exit 4", stdin=-1, stdout=-1)
    output, _ = await process.communicate(b"through the loop")
    return output.decode(), process.returncode
say(*loop.run_until_complete(main()))
loop.close()
""",
        loop=loop_name,
    )
    assert lines == ["run", "with a function", "shell", "3", "through the loop 4"]


_MULTIPROCESSING = """
import asyncio
import concurrent.futures
import multiprocessing
import sys

import pyloop

async def double(number):
    await asyncio.sleep(0.001)
    return 2 * number

def work(number):
    return pyloop.run(double(number))

async def main(method):
    context = multiprocessing.get_context(method)
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as executor:
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(executor, work, number) for number in range(6)))

if __name__ == "__main__":
    print(pyloop.run(main(sys.argv[1])))
    print(pyloop.run(main(sys.argv[1])))
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_multiprocessing(method: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(_MULTIPROCESSING)
    done = run_command([sys.executable, str(program), method])
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[0, 2, 4, 6, 8, 10]"] * 2


def test_a_pool_of_forked_processes_serves_the_parent_s_loop() -> None:
    lines = lines_of(
        f"""{IN_CHILD}
import concurrent.futures, multiprocessing
async def main():
    context = multiprocessing.get_context("fork")
    loop = asyncio.get_running_loop()
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as executor:
        return await asyncio.gather(*(loop.run_in_executor(executor, pow, number, 2) for number in range(6)))
say(pyloop.run(main()))
"""
    )
    assert lines == ["[0, 1, 4, 9, 16, 25]"]
