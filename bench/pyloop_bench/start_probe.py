"""Observes one loop's start: ``start_probe.py MODULE STARTED_NS SETTLING IDLE`` prints JSON.

It is run as a file and imports the least, late, so that what is timed is the loop's start and not the benchmark's.
"""

import os
import sys
import time
from importlib import import_module

COLD_CALLBACKS = 20_000


def main(module: str, started_ns: int, settling: float, idle_seconds: float) -> None:
    """Print what it takes until the first callback, then cold callbacks, memory, and processor time asleep.

    `started_ns` is the parent's `time.monotonic_ns()` just before it started this process: the clock is the system's.
    """
    loop = import_module(module).new_event_loop()
    loop.call_soon(loop.stop)
    loop.run_forever()
    first_callback_ns = time.monotonic_ns() - started_ns
    memory = resident_bytes()

    import json  # noqa: PLC0415
    from asyncio import sleep  # noqa: PLC0415

    remaining = COLD_CALLBACKS

    def step() -> None:
        nonlocal remaining
        remaining -= 1
        if remaining:
            loop.call_soon(step)
        else:
            loop.stop()

    cold = time.perf_counter_ns()
    loop.call_soon(step)
    loop.run_forever()
    cold = time.perf_counter_ns() - cold
    # Compilers may still be busy with the start; the idle figure is about a loop that has been idle for a while.
    loop.run_until_complete(sleep(settling))
    idle = time.process_time_ns()
    loop.run_until_complete(sleep(idle_seconds))
    idle = time.process_time_ns() - idle
    loop.close()
    figures = {
        "first_ms": first_callback_ns / 1e6,
        "cold_ns": cold / COLD_CALLBACKS,
        "rss_mib": memory / (1 << 20),
        "idle_ms": idle / 1e6 / idle_seconds,
    }
    print(json.dumps(figures))


def resident_bytes() -> int:
    """Return the memory of this process that is resident, in bytes."""
    with open("/proc/self/statm") as status:  # noqa: PTH123
        return int(status.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
