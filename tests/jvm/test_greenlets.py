"""No loop runs in a greenlet on a JVM, or beside one that began before, which would crash; callbacks may use them."""

from __future__ import annotations

from support.programs import lines_of


def test_a_loop_in_a_greenlet_is_refused() -> None:
    lines = lines_of(
        """
import greenlet
loop = new_event_loop()
def run():
    try:
        loop.run_until_complete(asyncio.sleep(0))
    except RuntimeError as error:
        say("greenlet" in str(error), "PYLOOP_ENGINE=native" in str(error), loop.is_running())
greenlet.greenlet(run).switch()
say(loop.run_until_complete(asyncio.sleep(0.001, "ran")))
loop.close()
""",
        options=["-W", "ignore"],
    )
    assert lines == ["True True False", "ran"]


def test_callbacks_use_greenlets() -> None:
    lines = lines_of(
        """
import gc, greenlet
async def main():
    for _ in range(100):
        here = greenlet.getcurrent()
        inner = greenlet.greenlet(lambda: here.switch("away") + here.switch("back"))
        seen = [inner.switch(), inner.switch("a"), inner.switch("b")]
        gc.collect()
        await asyncio.sleep(0)
    return seen
say(pyloop.run(main()))
"""
    )
    assert lines == ["['away', 'back', 'ab']"]


_PENDING = """
import gc, greenlet, threading
loop = new_event_loop()
class Own(greenlet.greenlet):
    pass
def run_deeper(depth):
    # Each of these takes a piece of the C stack.
    return max([depth], key=run_deeper_still) if depth else attempt()
def run_deeper_still(depth):
    return run_deeper(depth - 1) and 0
def attempt():
    handle = loop.call_soon(resume)
    try:
        loop.run_forever()
    except RuntimeError as error:
        handle.cancel()
        say("suspended" in str(error), "PYLOOP_ENGINE=native" in str(error), loop.is_running())
def resume():
    pending.switch()
    say("resumed")
    loop.stop()
def rest():
    greenlet.getcurrent().parent.switch()
    # Has Java look through the stack, for what it need not keep.
    for _ in range(400_000):
        loop.call_later(1000, print)
"""


def test_a_greenlet_of_an_earlier_run_is_refused_and_nothing_of_it_remains() -> None:
    """To resume it from a run that lies deeper in the stack would crash."""
    lines = lines_of(
        _PENDING
        + """
async def begin():
    global pending
    pending = Own(rest)
    pending.switch()
loop.run_until_complete(begin())
run_deeper(10)
pending.switch()
say(loop.run_until_complete(asyncio.sleep(0.001, "ran")))
loop.close()
""",
        options=["-W", "ignore"],
    )
    assert lines == ["True True False", "ran"]


def test_a_greenlet_that_began_before_all_loops_is_refused() -> None:
    lines = lines_of(
        _PENDING
        + """
pending = greenlet.greenlet(rest)
pending.switch()
attempt()
del pending  # which ends it
say(loop.run_until_complete(asyncio.sleep(0.001, "ran")))
loop.close()
""",
        options=["-W", "ignore"],
    )
    assert lines == ["True True False", "ran"]


def test_greenlets_of_other_threads_and_those_that_never_began_are_not_in_the_way() -> None:
    lines = lines_of(
        _PENDING
        + """
begun, over = threading.Event(), threading.Event()
def elsewhere():
    own = greenlet.greenlet(rest)
    own.switch()
    begun.set()
    over.wait()
    own.switch()
thread = threading.Thread(target=elsewhere)
thread.start()
begun.wait()
never = greenlet.greenlet(rest)
ended = greenlet.greenlet(lambda: None)
ended.switch()
say(loop.run_until_complete(asyncio.sleep(0.001, "ran")))
over.set()
thread.join()
loop.close()
"""
    )
    assert lines == ["ran"]
