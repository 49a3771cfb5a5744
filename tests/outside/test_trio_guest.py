"""trio as a guest of the loop, which then takes signals for itself."""

from __future__ import annotations

import asyncio
import signal
import warnings
from typing import Any

import pytest
import trio

from support.programs import lines_of
from support.signals import kill_from_a_thread


async def _host(guest: Any) -> Any:
    """Run a trio function as a guest of the running loop; its outcome."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()
    trio.lowlevel.start_guest_run(
        guest,
        run_sync_soon_threadsafe=loop.call_soon_threadsafe,
        run_sync_soon_not_threadsafe=loop.call_soon,
        done_callback=done.set_result,
    )
    return await done


def test_a_guest_collides_with_nothing(each_loop: asyncio.AbstractEventLoop) -> None:
    async def guest() -> int:
        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(trio.sleep, 0.001)
        await trio.to_thread.run_sync(lambda: None)
        return 7

    async def main() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for _ in range(3):
                await asyncio.sleep(0.001)
                assert (await _host(guest)).unwrap() == 7

    each_loop.run_until_complete(asyncio.wait_for(main(), 20))
    assert signal.set_wakeup_fd(-1) == -1


def test_a_guest_receives_signals(each_loop: asyncio.AbstractEventLoop) -> None:
    async def guest() -> list[int]:
        received: list[int] = []
        with trio.open_signal_receiver(signal.SIGUSR1) as signals:
            thread = kill_from_a_thread(signal.SIGUSR1)
            async for number in signals:
                received.append(number)
                break
        thread.join()
        return received

    outcome = each_loop.run_until_complete(asyncio.wait_for(_host(guest), 20))
    assert outcome.unwrap() == [signal.SIGUSR1]


@pytest.mark.parametrize("make", ["asyncio.SelectorEventLoop", "new_event_loop"])
def test_an_interrupt_cancels_the_guest(make: str) -> None:
    assert lines_of(
        f"""
import asyncio, os, signal, threading, time
import trio
async def guest():
    say("guest")
    try:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        await trio.sleep(10)
    finally:
        say("cancelled")
async def main():
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    trio.lowlevel.start_guest_run(
        guest,
        run_sync_soon_threadsafe=loop.call_soon_threadsafe,
        run_sync_soon_not_threadsafe=loop.call_soon,
        done_callback=done.set_result,
    )
    outcome = await done
    say(type(outcome.error).__name__)
loop = {make}()
loop.run_until_complete(main())
loop.close()
"""
    ) == ["guest", "cancelled", "KeyboardInterrupt"]
