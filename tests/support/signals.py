"""Signals to the process itself."""

from __future__ import annotations

import os
import threading


def kill_from_a_thread(*numbers: int) -> threading.Timer:
    """A started thread that sends signals to the process, which may hand them to any of its threads."""

    def send() -> None:
        for number in numbers:
            os.kill(os.getpid(), number)

    thread = threading.Timer(0.01, send)
    thread.start()
    return thread
