"""Futures, publishers and executors of a Java virtual machine, on the event loop.

The virtual machine is the one that `JPype <https://jpype.readthedocs.io>`_ starts in this process, whichever engine the
loop runs on; ``pip install "pyloop-asyncio[java]"`` installs JPype. Threads of Java's never take the GIL to end what a
coroutine waits for: they leave it in a queue and wake the loop, whose thread takes it.
"""

from __future__ import annotations

from ._executor import executor
from ._futures import run, virtual_threads, wrap
from ._installation import install
from ._items import iterate
from ._machine import JAR
from ._proxies import proxy
from ._publishers import to_publisher
from ._stages import to_stage

__all__ = [
    "JAR",
    "executor",
    "install",
    "iterate",
    "proxy",
    "run",
    "to_publisher",
    "to_stage",
    "virtual_threads",
    "wrap",
]
