"""No loop runs in a greenlet on a JVM, which would crash; its callbacks may use greenlets."""

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
