"""Programs of which another thread keeps the garbage collectors busy, Python's and Java's."""

from __future__ import annotations

from typing import Final

BESIDE_GARBAGE: Final = """
import gc, threading

def beside_garbage(work):
    ended = threading.Event()

    def make_garbage():
        while not ended.is_set():
            loop = new_event_loop()
            loop.call_soon(loop.stop)
            loop.run_forever()
            loop.close()
            gc.collect()

    thread = threading.Thread(target=make_garbage)
    thread.start()
    try:
        work()
    finally:
        ended.set()
        thread.join()
"""
"""The definition of `beside_garbage(work)`, for a program of `loop_program`."""
