"""The event loops that can be measured: their names and factories."""

from __future__ import annotations

import importlib
import importlib.util
from asyncio import AbstractEventLoop

SUBJECT = "pyloop"
ON_JVM = "pyloop-jvm"
"""The subject in a Java virtual machine, whatever engine it runs on otherwise; measured when it is named."""
CONTROL = "control"
"""asyncio under a second name: what it differs from asyncio by is the noise of the measurement."""
UNTRIMMED = "uvloop-untrimmed"

BEST_PEER = "best peer"
"""Whichever of the peers is best on a workload: what is promised may be about it."""

PEERS = ("asyncio", "uvloop", "rloop", "rsloop", "zuvloop")
MODULES = {name: name for name in (SUBJECT, *PEERS)} | {ON_JVM: SUBJECT, CONTROL: "asyncio"}


def available() -> list[str]:
    """Return the names of the loops this Python can import, the subject first and the control last."""
    return [name for name, module in MODULES.items() if importlib.util.find_spec(module)]


def new_loop(name: str) -> AbstractEventLoop:
    """Return a new loop of the kind `name`; every module here calls its factory `new_event_loop`."""
    loop: AbstractEventLoop = importlib.import_module(MODULES[name]).new_event_loop()
    return loop
