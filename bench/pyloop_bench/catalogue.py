"""Every workload, in the order of the report."""

from __future__ import annotations

from fnmatch import fnmatchcase

from . import clients, dask_tasks, java, life, network, scheduling
from .model import Workload

_ALL = [
    workload
    for group in (
        scheduling.WORKLOADS,
        dask_tasks.WORKLOADS,
        network.WORKLOADS,
        clients.WORKLOADS,
        life.WORKLOADS,
        java.WORKLOADS,
    )
    for workload in group.values()
]
_SUBJECTS = list(dict.fromkeys(workload.subject for workload in _ALL))
WORKLOADS: dict[str, Workload] = {
    workload.name: workload for workload in sorted(_ALL, key=lambda workload: _SUBJECTS.index(workload.subject))
}


def select(patterns: list[str], form: str = "full") -> list[Workload]:
    """Return the workloads that match one of the patterns (as file names do), or the default ones if there are none.

    The short forms, `quick` and `smoke`, leave those of the default out that are much like another; `quick` also those
    that take long or need to.

    Raises:
        ValueError: nothing matches a pattern.
    """
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in WORKLOADS):
            raise ValueError(f"no workload matches {pattern}")
    if not patterns:
        return [workload for workload in WORKLOADS.values() if workload.default and _belongs(workload, form)]
    return [workload for name, workload in WORKLOADS.items() if any(fnmatchcase(name, pattern) for pattern in patterns)]


def _belongs(workload: Workload, form: str) -> bool:
    return form == "full" or (workload.distinct and (workload.quick or form != "quick"))
