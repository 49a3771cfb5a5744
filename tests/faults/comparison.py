"""Whether what came of a trial is what may come of it: an error that says what failed, or what asyncio does then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from faults.plans import NEVER_NOTICED, UNNOTICED
from faults.scenarios import Scenario
from faults.shim import Shim, errno_name
from faults.trial import NO_FAULT, Fault, Trial, attempt
from support.loops import PYLOOP, STOCK

LOSSES: Final = frozenset(
    {"ConnectionResetError", "ConnectionAbortedError", "IncompleteReadError", "ECONNRESET", "EPIPE", "CancelledError"}
)
"""How a connection looks to one end when a call of the other's has failed."""

EQUIVALENTS: Final[dict[str, tuple[str, ...]]] = {
    "recvmmsg": ("recvfrom",),
    "send": ("send", "sendmsg"),
    "sendmsg": ("send", "sendmsg"),
    "sendto": ("sendto", "send"),
    "sendmmsg": ("sendto", "send"),
    "writev": ("write",),
    "epoll_pwait2": ("epoll_wait",),
    "eventfd": ("socketpair",),
    "pipe2": ("socketpair", "pipe2"),
    "read": ("read", "recv"),
}
"""What asyncio calls where PyLoop calls something else."""

_MOST = 60
_SURE_SECONDS = 10.0


def flaw(shim: Shim, scenario: Scenario, fault: Fault) -> str:
    """What PyLoop does wrong when a call fails in a scenario, in words; nothing if nothing is wrong."""
    trial = attempt(shim, PYLOOP, scenario, fault)
    if _is_as_it_should_be(trial, fault):
        return ""
    if any(_covers(other, trial, fault) for other in _on_asyncio(shim, scenario, fault)):
        return ""
    if "hangs" in trial.flaws:
        # Or this machine has something else to do.
        trial = attempt(shim, PYLOOP, scenario, fault, _SURE_SECONDS)
    return "" if _is_as_it_should_be(trial, fault) else str(trial)


def _is_as_it_should_be(trial: Trial, fault: Fault) -> bool:
    return not trial.flaws and trial.kinds <= _expected(fault)


def _expected(fault: Fault) -> frozenset[str]:
    if fault.call == "clock_gettime" or fault.call in NEVER_NOTICED or fault.error in UNNOTICED:
        return frozenset()
    return LOSSES | {errno_name(fault.error)}


def _covers(stock: Trial, ours: Trial, fault: Fault) -> bool:
    return set(ours.flaws) <= set(stock.flaws) and ours.kinds - _expected(fault) <= stock.kinds


def _on_asyncio(shim: Shim, scenario: Scenario, fault: Fault) -> Iterator[Trial]:
    """What comes of it on asyncio, whichever call of the same kind fails."""
    attempt(shim, STOCK, scenario, NO_FAULT)
    counts = dict(shim.counts)
    for call in EQUIVALENTS.get(fault.call, (fault.call,)):
        # What is called at about the same time comes first: it is most likely the same.
        for nth in sorted(range(1, min(counts[call], _MOST) + 1), key=lambda number: abs(number - fault.nth)):
            yield attempt(shim, STOCK, scenario, Fault(call, nth, fault.error))
