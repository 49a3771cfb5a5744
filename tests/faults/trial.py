"""One run of a scenario on one loop, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import ssl
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from faults.scenarios import Scenario
from faults.shim import Shim, errno_name
from support.descriptors import open_descriptors
from support.loops import LoopFactory

PATIENCE_SECONDS: Final = 1.0
"""After this time a scenario seems to hang; whoever wants to be sure waits longer."""


@dataclass
class Trial:
    """What a run has come to.

    `kinds` are the exceptions that it raised, or had reported to the loop; `flaws` what must never be.
    """

    kinds: set[str] = field(default_factory=set)
    flaws: list[str] = field(default_factory=list)
    fired: bool = True
    patience: float = PATIENCE_SECONDS

    def __str__(self) -> str:
        return ", ".join([*self.flaws, *sorted(self.kinds)]) or "went well"


def kinds_of(error: BaseException) -> Iterator[str]:
    """The kind of an exception, or of those in a group; one of the system's by its errno."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from kinds_of(each)
    elif isinstance(error, ssl.SSLError):
        yield "SSLError"
    elif isinstance(error, OSError) and error.errno is not None:
        yield errno.errorcode.get(error.errno, str(error.errno))
    else:
        yield type(error).__name__


@dataclass(frozen=True)
class Fault:
    """The `nth` call of a name fails with an errno; see `plans`."""

    call: str
    nth: int
    error: int

    def __str__(self) -> str:
        how = f"jumps {self.error:+} s" if self.call == "clock_gettime" else errno_name(self.error)
        return f"{self.call} {self.nth} {how}"


NO_FAULT: Final = Fault("", 0, 0)


def attempt(
    shim: Shim, factory: LoopFactory, scenario: Scenario, fault: Fault, patience: float = PATIENCE_SECONDS
) -> Trial:
    """Run a scenario on a fresh loop while a system call fails."""
    trial = Trial(patience=patience)
    before = open_descriptors()
    with shim.watching(fault.call, fault.nth, fault.error):
        _run(factory, scenario, trial)
    _finish(shim, before, trial)
    return trial


def weather(shim: Shim, factory: LoopFactory, scenario: Scenario, percent: int, seed: int) -> Trial:
    """Run a scenario on a fresh loop while many system calls are disturbed."""
    trial = Trial(patience=20)
    before = open_descriptors()
    with shim.watching(storm=percent, seed=seed):
        _run(factory, scenario, trial)
    _finish(shim, before, trial)
    return trial


def _run(factory: LoopFactory, scenario: Scenario, trial: Trial) -> None:
    def note(_loop: object, context: dict[str, Any]) -> None:
        error = context.get("exception")
        trial.kinds.update([context["message"]] if error is None else kinds_of(error))

    with _noting(trial):
        loop = factory()
        loop.set_exception_handler(note)
        try:
            with _noting(trial):
                loop.run_until_complete(_bounded(scenario, trial))
        finally:
            _end(loop, trial)


async def _bounded(scenario: Scenario, trial: Trial) -> None:
    task = asyncio.ensure_future(scenario())
    for flaw, seconds in (("hangs", trial.patience), ("hangs when it is cancelled", trial.patience)):
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if done:
            break
        trial.flaws.append(flaw)
        task.cancel()
    if task.done() and not task.cancelled():
        task.result()


def _end(loop: asyncio.AbstractEventLoop, trial: Trial) -> None:
    """Do as `asyncio.run` does at its end, whatever of it fails."""
    with _noting(trial):
        loop.run_until_complete(_cancel_all())
    with _noting(trial):
        loop.run_until_complete(loop.shutdown_default_executor())
    for _ in range(3):
        with _noting(trial):
            loop.run_until_complete(asyncio.sleep(0))
    with _noting(trial):
        loop.close()
    if not loop.is_closed():
        trial.flaws.append("does not close")
        loop.close()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=PATIENCE_SECONDS)


@contextlib.contextmanager
def _noting(trial: Trial) -> Iterator[None]:
    try:
        yield
    except AssertionError as error:
        trial.flaws.append(f"{type(error).__name__}: {error}")
    except Exception as error:
        trial.kinds.update(kinds_of(error))


def _finish(shim: Shim, before: Counter[str], trial: Trial) -> None:
    trial.fired = shim.fired
    gc.collect()
    if shim.bad_closes:
        trial.flaws.append(f"closes {shim.bad_closes} descriptors that are closed")
    if left := open_descriptors() - before:
        trial.flaws.append(f"leaves open {dict(left)}")
