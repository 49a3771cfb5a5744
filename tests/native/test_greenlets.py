"""Loops that run in greenlets, which move pieces of the C stack away and back, in any order."""

from __future__ import annotations

import pytest

from support.garbage import BESIDE_GARBAGE
from support.programs import lines_of

_RUN = f"""
import contextvars, greenlet
{BESIDE_GARBAGE}
def deep(depth, function):
    return function() if depth == 0 else deep(depth - 1, function)

def work():
    for _ in range(20):
        scenario()
    say("ended")

beside_garbage(work)
"""

HUB = """
def scenario():
    def step(number):
        seen.append(number)
        outside.switch()
        loop.call_soon(step, number + 1)
    loop, outside, seen = new_event_loop(), greenlet.getcurrent(), []
    hub = greenlet.greenlet(loop.run_forever)
    loop.call_soon(step, 0)
    for depth in range(50):
        deep(depth, hub.switch)
    loop.call_soon(loop.stop)
    while not hub.dead:
        hub.switch()
    loop.close()
    assert seen == list(range(len(seen))) and len(seen) >= 50
"""

PENDING_ACROSS_RUNS = """
def scenario():
    async def begin():
        parent = greenlet.getcurrent()
        pending = greenlet.greenlet(lambda: results.append(parent.switch("waits")))
        assert pending.switch() == "waits"
        return pending
    async def end():
        pending.switch("value")
    loop, results = new_event_loop(), []
    pending = loop.run_until_complete(begin())
    deep(30, lambda: loop.run_until_complete(asyncio.sleep(0.001)))
    deep(40, lambda: loop.run_until_complete(end()))
    loop.close()
    assert results == ["value"]
"""

NOT_LAST_IN_FIRST_OUT = """
def scenario():
    def run(number):
        def callback():
            outside.switch()
            ends.append(number)
            loops[number].stop()
        loops[number].call_soon(callback)
        asyncio._set_running_loop(None)
        loops[number].run_forever()
        loops[number].close()
    def switch(number, *arguments):
        asyncio._set_running_loop(loops[number] if not arguments else None)
        runners[number].switch(*arguments)
        asyncio._set_running_loop(None)
    outside, ends = greenlet.getcurrent(), []
    loops = [new_event_loop() for _ in range(3)]
    runners = [greenlet.greenlet(run) for _ in loops]
    for number in range(3):
        switch(number, number)
    for number in (0, 2, 1):
        switch(number)
    assert ends == [0, 2, 1]
"""

SUSPENDED_AT_THE_END_OF_ITS_THREAD = """
def scenario():
    def run():
        outside = greenlet.getcurrent()
        loop = new_event_loop()
        loop.call_soon(outside.switch)
        runner = greenlet.greenlet(loop.run_forever)
        runner.switch()
        kept.append((loop, runner))
    kept = []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    gc.collect()
"""


@pytest.mark.parametrize(
    "scenario",
    [HUB, PENDING_ACROSS_RUNS, NOT_LAST_IN_FIRST_OUT, SUSPENDED_AT_THE_END_OF_ITS_THREAD],
    ids=["hub", "pending", "any-order", "suspended"],
)
@pytest.mark.parametrize("mode", [[], ["-X", "dev"]], ids=["", "dev"])
def test_a_loop_stands_being_moved(scenario: str, loop_name: str, mode: list[str]) -> None:
    lines = lines_of(scenario + _RUN, loop=loop_name, options=[*mode, "-W", "ignore"])
    assert lines == ["ended"]


def test_a_callback_that_exchanges_its_context(loop_name: str) -> None:
    lines = lines_of(
        """
import contextvars, greenlet
def run():
    for _ in range(20):
        loop.call_soon(exchange)
    loop.call_soon(loop.stop)
    loop.run_forever()
def exchange():
    greenlet.getcurrent().gr_context = contextvars.copy_context()
for _ in range(50):
    loop = new_event_loop()
    greenlet.greenlet(run).switch()
    loop.close()
say("ended")
""",
        loop=loop_name,
        options=["-W", "ignore"],
    )
    assert lines == ["ended"]
