"""What a benchmark consists of: workloads, their figures, and what is promised of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import NamedTuple

Figures = dict[str, float]
"""What one process measured: a figure for each key of a metric."""


class MeasurementError(Exception):
    """A loop failed on a workload."""


class UnmeasurableError(Exception):
    """A workload cannot be measured here, on any loop."""


class Setting(NamedTuple):
    """How to measure: with which Python, on which cores, and for how long."""

    python: str
    server_core: int
    generator_core: int
    warm_up: float
    seconds: float
    quick: bool = False
    smoke: bool = False
    """Whether a few operations will do: the figures are not looked at."""
    timeout: float = 120
    """Seconds a process may take, then the loop has failed."""

    def require_two_cores(self) -> None:
        """Raise an error unless what is measured and what loads it each have a core.

        Raises:
            UnmeasurableError: there is one core for both.
        """
        if self.server_core == self.generator_core:
            raise UnmeasurableError("server and load generator need a core each, and there is one")

    @property
    def form(self) -> str:
        """The name of how thoroughly to measure."""
        return "smoke" if self.smoke else "quick" if self.quick else "full"


@dataclass(frozen=True)
class Metric:
    """One figure of a workload; `key` is its name among the figures."""

    key: str
    title: str
    unit: str
    more_is_better: bool = False
    scale: float = 1
    digits: int = 0
    compared: bool = True

    def show(self, figure: float) -> str:
        """Return `figure` in the unit shown."""
        return f"{figure * self.scale:,.{self.digits}f}"


@dataclass(frozen=True, kw_only=True)
class Workload(ABC):
    """Something to do on a loop, and the ratios promised, at least so many times as good: `targets` by metric, peer."""

    name: str
    title: str
    subject: str
    metrics: tuple[Metric, ...]
    targets: dict[str, dict[str, float]] = field(default_factory=dict)
    default: bool = True
    distinct: bool = True
    """Whether a short run measures this, if it is a default: it is not much like another."""
    quick: bool = True
    """Whether the quick form measures this, if it is distinct: it takes little time, and a short look will do."""
    untrimmed: bool = False
    """Whether uvloop is measured a second time, with a malloc that does not give memory back after each message."""

    def prepare(self, setting: Setting, loops: list[str]) -> float | None:
        """Return what all loops of a round have in common: the rate of the load, if it is fixed."""
        del setting, loops
        return None

    @abstractmethod
    def measure(self, loop: str, setting: Setting, rate: float | None) -> Figures:
        """Measure `loop` in a fresh process.

        Raises:
            MeasurementError: the loop failed.
            UnmeasurableError: something is missing here that the workload needs.
        """


CPU = Metric("cpu_us", "CPU", "µs", digits=2)
PEAK = Metric("peak_mib", "peak memory", "MiB", digits=1)
