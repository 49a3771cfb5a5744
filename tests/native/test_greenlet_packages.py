"""Packages that switch greenlets under a running loop, with another thread that keeps both garbage collectors busy."""

from __future__ import annotations

import pytest

from support.garbage import BESIDE_GARBAGE
from support.programs import lines_of

_RUN = f"""
import warnings
{BESIDE_GARBAGE}
warnings.simplefilter("ignore")
asyncio.set_event_loop_policy(None if LOOP == "asyncio" else pyloop.EventLoopPolicy())
beside_garbage(work)
"""

_PLAYWRIGHT = """
from playwright.sync_api import Error, sync_playwright

def work():
    # Without a browser: its dispatcher, which runs the loop, is a greenlet all the same.
    for _ in range(2):
        with sync_playwright() as playwright:
            context = playwright.request.new_context()
            for _ in range(10):
                try:
                    context.get("http://127.0.0.1:1/")
                except Error as error:
                    refused = "ECONNREFUSED" in str(error)
            context.dispose()
            say(playwright.chromium.name, refused)
"""

_GREENBACK = """
import greenback

def deep(depth, number):
    if depth:
        return deep(depth - 1, number)
    greenback.await_(asyncio.sleep(0.0001 * (number % 7)))
    return greenback.await_(asyncio.to_thread(int, number))

async def ask(number):
    await greenback.ensure_portal()
    return deep(number, number)

async def main():
    return sum(await asyncio.gather(*map(ask, range(60))))

def work():
    for _ in range(2):
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            say(runner.run(main()))
"""


@pytest.mark.parametrize(
    ("program", "said"),
    [(_PLAYWRIGHT, ["chromium True"] * 2), (_GREENBACK, ["1770"] * 2)],
    ids=["playwright", "greenback"],
)
def test_a_package_that_switches_greenlets(loop_name: str, program: str, said: list[str]) -> None:
    assert lines_of(f"LOOP = {loop_name!r}\n{program}\n{_RUN}", loop=loop_name) == said
