"""JPype beside a loop: its Java virtual machine starts before the first loop, after it, or while it runs.

On the native engine that machine is another one beside the engine, and the order does not matter (jpype's issue 1186).
A process has room for one only: on the JVM engine JPype has to come first, for later it cannot start its own.
"""

from __future__ import annotations

import json
import sys
from typing import Final

import pytest

import pyloop
from pyloop._start.jvm.java_home import find_java_home
from support.programs import lines_of

pytestmark = pytest.mark.skipif(sys.version_info >= (3, 15), reason="JPype has no wheels for CPython 3.15 yet")

_PROGRAM: Final = f"""
import socket
import jpype

def start():
    jpype.startJVM({json.dumps(str(find_java_home().libjvm))}, "-Xrs", "--enable-native-access=ALL-UNNAMED")

async def use():
    loop = asyncio.get_running_loop()
    calls = []
    done = loop.create_future()

    @jpype.JImplements("java.lang.Runnable")
    class Call:
        @jpype.JOverride
        def run(self):
            loop.call_soon_threadsafe(called)

    def called():
        calls.append(threading.get_ident() == threading.main_thread().ident)
        if len(calls) == 400:
            done.set_result(None)

    pool = jpype.JClass("java.util.concurrent.Executors").newFixedThreadPool(4)
    for _ in range(400):
        pool.submit(Call())
    await done
    pool.shutdown()
    say("calls", len(calls), set(calls))

    for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT):
        arrived = loop.create_future()
        loop.add_signal_handler(number, arrived.set_result, number.name)
        os.kill(os.getpid(), number)
        say(await arrived)
        loop.remove_signal_handler(number)

    jpype.JClass("java.lang.System").gc()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"through Python\\n")
    say((await reader.readline()).decode().strip())
    writer.close()
    server.close()
    child = await asyncio.create_subprocess_exec("true")
    say("child", await child.wait())
    say("thread", await asyncio.to_thread(lambda: str(jpype.JClass("java.lang.Thread").currentThread().isDaemon())))

async def serve(reader, writer):
    text = jpype.JClass("java.lang.String")(await reader.readline())
    writer.write(str(text.replace("Python", "Java")).encode())
    writer.close()
"""

_USED: Final = [
    "calls 400 {True}",
    "SIGUSR1",
    "SIGTERM",
    "SIGINT",
    "through Java",
    "child 0",
    "thread True",
]

native = pytest.mark.skipif(pyloop.engine() != "native", reason="there is a machine in the process already")


def test_before_the_first_loop(loop_name: str) -> None:
    assert (
        lines_of(
            f"""{_PROGRAM}
start()
for _ in range(2):
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(use())
""",
            loop=loop_name,
        )
        == _USED * 2
    )


@native
def test_between_two_loops(loop_name: str) -> None:
    assert (
        lines_of(
            f"""{_PROGRAM}
with asyncio.Runner(loop_factory=new_event_loop) as runner:
    runner.run(asyncio.sleep(0.001))
start()
for _ in range(2):
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(use())
""",
            loop=loop_name,
        )
        == _USED * 2
    )


@native
def test_in_a_running_loop(loop_name: str) -> None:
    assert lines_of(
        f"""{_PROGRAM}
async def main():
    held = asyncio.get_running_loop().create_task(asyncio.sleep(0.001, "held"))
    await asyncio.sleep(0)
    start()
    say(await held)
    await use()
with asyncio.Runner(loop_factory=new_event_loop) as runner:
    runner.run(main())
""",
        loop=loop_name,
    ) == ["held", *_USED]


@native
def test_the_loop_outlives_the_machine(loop_name: str) -> None:
    """JPype ends its own at exit, or when it is told to."""
    assert lines_of(
        f"""{_PROGRAM}
loop = new_event_loop()
loop.run_until_complete(asyncio.sleep(0))
start()
loop.run_until_complete(use())
jpype.shutdownJVM()
say(loop.run_until_complete(asyncio.sleep(0.001, "goes on")))
loop.close()
""",
        loop=loop_name,
    ) == [*_USED, "goes on"]


@pytest.mark.skipif(pyloop.engine() != "jvm", reason="the other engine leaves the process to JPype's machine")
def test_a_second_machine_is_refused_and_the_loop_goes_on() -> None:
    assert lines_of(
        f"""{_PROGRAM}
async def main():
    try:
        start()
    except RuntimeError as error:
        say(error)
    say(await asyncio.sleep(0.001, "goes on"))
say(pyloop.engine())
with asyncio.Runner(loop_factory=new_event_loop) as runner:
    runner.run(main())
"""
    ) == ["jvm", "Unable to start JVM", "goes on"]
