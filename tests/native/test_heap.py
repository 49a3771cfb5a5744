"""The memory of Java objects is bounded: a program that needs more gets a MemoryError, and goes on."""

from __future__ import annotations

import pytest

from support.programs import run_loop_program

_FILL = """
import gc, warnings
gc.disable()  # it would look through millions of timers time and again
def fill(schedule):
    \"\"\"Schedule until there is no room for more, and tell how many there was room for.\"\"\"
    number = 0
    try:
        while number < 10_000_000:
            schedule()
            number += 1
    except MemoryError as error:
        assert "PYLOOP_MAX_HEAP" in str(error), error
    return number
def works(loop):
    async def echo(reader, writer):
        writer.write(await reader.readline())
        writer.close()
        await writer.wait_closed()
    async def main():
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server:
            for _ in range(3):
                reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
                writer.write(b"works\\n")
                assert await reader.read() == b"works\\n"
                writer.close()
                await writer.wait_closed()
        await asyncio.gather(*(asyncio.sleep(0.001) for _ in range(100)))
        return await asyncio.to_thread(str, "works")
    say(loop.run_until_complete(asyncio.wait_for(main(), 30)))
"""

_FULL = {
    "of timers that are cancelled": """
loop = new_event_loop()
timers = []
for _ in range(3):
    say(fill(lambda: timers.append(loop.call_later(3600, list))) > 100_000)
    for timer in timers:
        timer.cancel()
    timers.clear()
    works(loop)
loop.close()
""",
    "of timers that become due": """
loop = new_event_loop()
done = 0
def count():
    global done
    done += 1
scheduled = fill(lambda: loop.call_later(0, count))
while done < scheduled:
    try:
        loop.run_until_complete(asyncio.sleep(0))
    except MemoryError:
        loop.call_soon(loop.stop)
        loop.run_forever()
say(done == scheduled)
works(loop)
loop.close()
""",
    "of callbacks": """
loop = new_event_loop()
done = 0
def count():
    global done
    done += 1
scheduled = fill(lambda: loop.call_soon(count))
loop.call_soon(loop.stop) if scheduled == 10_000_000 else loop.stop()
loop.run_forever()
say(done == scheduled)
works(loop)
loop.close()
""",
    "of loops that are closed": """
warnings.simplefilter("ignore")
loops = []
def make():
    loop = new_event_loop()
    loops.append(loop)
    loop.call_soon(loop.stop)
    for _ in range(20_000):
        loop.call_later(3600, list)
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000))
try:
    while True:
        make()
except (MemoryError, OSError) as error:
    say(len(loops) > 20)
for loop in loops:
    loop.run_forever()
    loop.close()
loops.clear()
loop = new_event_loop()
works(loop)
loop.close()
""",
    "of what is closed with the loop": """
for _ in range(3):
    loop = new_event_loop()
    fill(lambda: loop.call_later(3600, list))
    fill(lambda: loop.call_soon(list))
    loop.close()
loop = new_event_loop()
works(loop)
loop.close()
""",
    "of what another loop holds": """
full = [new_event_loop() for _ in range(4)]
for number in range(40):
    fill(lambda: full[number % 4].call_soon(list))
    fill(lambda: full[number % 4].call_later(3600, list))
    loop = new_event_loop()
    loop.close()
loop = new_event_loop()
works(loop)
loop.close()
for loop in full:
    loop.close()
""",
    "of what another thread schedules": """
loop = new_event_loop()
done = 0
def count():
    global done
    done += 1
def schedule():
    say(fill(lambda: loop.call_soon_threadsafe(count)) > 100_000)
    loop.stop()
thread = threading.Thread(target=schedule)
loop.call_soon(thread.start)
loop.call_soon(thread.join)
loop.run_forever()
loop.stop()
loop.run_forever()
works(loop)
loop.close()
""",
}


@pytest.mark.parametrize("full", _FULL.values(), ids=_FULL.keys())
def test_a_full_heap_is_an_error_that_a_program_survives(full: str) -> None:
    done = run_loop_program(_FILL + full, env={"PYLOOP_MAX_HEAP": "16m"})
    assert done.returncode == 0, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    lines = done.stdout.splitlines()
    assert lines[-1] == "works"
    assert set(lines) <= {"works", "True"}
