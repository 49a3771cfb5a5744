"""Every workload, in the order of the report."""

from __future__ import annotations

from fnmatch import fnmatchcase

from . import clients, life, network, scheduling
from .model import Workload

_ALL = [
    workload
    for group in (scheduling.WORKLOADS, network.WORKLOADS, clients.WORKLOADS, life.WORKLOADS)
    for workload in group.values()
]
_SUBJECTS = list(dict.fromkeys(workload.subject for workload in _ALL))
WORKLOADS: dict[str, Workload] = {
    workload.name: workload for workload in sorted(_ALL, key=lambda workload: _SUBJECTS.index(workload.subject))
}


def select(patterns: list[str], fewer: bool = False) -> list[Workload]:
    """Return the workloads that match one of the patterns (as file names do), or the default ones if there are none.

    With `fewer`, those of the default that are much like another are left out.

    Raises:
        ValueError: nothing matches a pattern.
    """
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in WORKLOADS):
            raise ValueError(f"no workload matches {pattern}")
    if not patterns:
        return [workload for workload in WORKLOADS.values() if workload.default and (workload.distinct or not fewer)]
    return [workload for name, workload in WORKLOADS.items() if any(fnmatchcase(name, pattern) for pattern in patterns)]
