"""The stack for signal handlers that the JVM and Python's handlers share."""

from __future__ import annotations

from support.programs import run_loop_program


def test_the_signal_stack_outlives_the_modules() -> None:
    """The interpreter clears them before it ends, and signals may arrive until then."""
    source = """
import ctypes
from pyloop._start.jvm import fault_handlers
loop = new_event_loop()
loop.close()
stack = (ctypes.c_size_t * 3)()
ctypes.CDLL(None).sigaltstack(None, stack)
address, _, size = stack
vars(fault_handlers).clear()
gc.collect()
for line in open("/proc/self/maps"):
    start, end = (int(number, 16) for number in line.split()[0].split("-"))
    if start <= address < end:
        say(address + size <= end, size)
"""
    done = run_loop_program("import gc\n" + source)
    assert (done.stdout, done.stderr) == ("True 1048576\n", "")
