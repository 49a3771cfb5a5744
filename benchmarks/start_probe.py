"""Observe one loop's start in this process: `start_probe.py LOOP STARTED_NS IDLE_SECONDS` prints `start.py`'s figures.

Imports are kept to the least, and late, so that what is timed is the loop's start and not the benchmark's.
"""

import os
import sys
import time

import loops

COLD_CALLBACKS = 20_000
SETTLING_SECONDS = 1.0
"""Time for compilers still busy with the start; the idle figure is about a loop that has been idle for a while."""


def main(loop_name: str, started_ns: int, idle_seconds: float) -> None:
    """Print milliseconds to the first callback, ns per cold callback, RSS in MB and idle processor time in ms.

    `started_ns` is the parent's `time.monotonic_ns()` just before it started this process: the clock is the system's.
    """
    loop = loops.new_loop(loop_name)
    loop.call_soon(loop.stop)
    loop.run_forever()
    first_callback_ns = time.monotonic_ns() - started_ns
    memory = resident_bytes()

    from asyncio import sleep  # noqa: PLC0415

    from workloads import chain  # noqa: PLC0415

    cold = time.perf_counter_ns()
    chain(loop, COLD_CALLBACKS)
    cold = time.perf_counter_ns() - cold
    loop.run_until_complete(sleep(SETTLING_SECONDS if idle_seconds else 0))
    idle = time.process_time_ns()
    loop.run_until_complete(sleep(idle_seconds))
    idle = time.process_time_ns() - idle
    loop.close()
    print(first_callback_ns / 1e6, cold / COLD_CALLBACKS, memory / 1e6, idle / 1e6)


def resident_bytes() -> int:
    """Return the memory of this process that is resident, in bytes."""
    with open("/proc/self/statm") as status:  # noqa: PTH123
        return int(status.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
