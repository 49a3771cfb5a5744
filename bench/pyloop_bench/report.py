"""What was measured, as it is kept in JSON: enough to write every report again, without the workloads' code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .loops import ON_JVM, PEERS, SUBJECT
from .model import Metric, Workload
from .tables import Ratio, Samples, compare

FORMAT = 1


@dataclass
class Result:
    """The samples of one workload, by metric."""

    name: str
    title: str
    subject: str
    metrics: list[Metric]
    targets: dict[str, dict[str, float]]
    samples: dict[str, Samples] = field(default_factory=dict)

    def ratios(self, peer: str) -> Iterator[tuple[Metric, Ratio]]:
        """Yield how the subject compares with `peer` in each metric that is compared."""
        for metric in self.metrics:
            ratio = compare(self.samples.get(metric.key, {}), peer, metric.more_is_better)
            if metric.compared and ratio:
                yield metric, ratio


@dataclass
class Report:
    """A run: its setting, its results, what failed, and what could not be measured here."""

    setting: dict[str, str]
    loops: list[str]
    results: list[Result] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    unmeasured: dict[str, str] = field(default_factory=dict)

    @property
    def peers(self) -> list[str]:
        """The loops to compare with."""
        return [loop for loop in self.loops if loop in (*PEERS, ON_JVM)] if SUBJECT in self.loops else []

    @property
    def rivals(self) -> list[str]:
        """The peers that are not PyLoop itself."""
        return [loop for loop in self.peers if loop in PEERS]

    @property
    def rounds(self) -> int:
        """How many rounds have been measured."""
        counts = [len(s) for result in self.results for samples in result.samples.values() for s in samples.values()]
        return max(counts, default=0)

    def add(self, workload: Workload) -> Result:
        """Return the result of `workload`, to be filled."""
        result = Result(workload.name, workload.title, workload.subject, list(workload.metrics), dict(workload.targets))
        self.results.append(result)
        return result

    def save(self, file: Path) -> None:
        """Write everything to `file`."""
        file.write_text(json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n", encoding="utf-8")


def load(file: Path) -> Report:
    """Return what `Report.save` wrote.

    Raises:
        ValueError: it is not that.
    """
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if content.pop("format", None) != FORMAT:
        raise ValueError(f"{file} is not a report of this version")
    results = content.pop("results")
    report = Report(**content)
    for result in results:
        metrics = [Metric(**metric) for metric in result.pop("metrics")]
        report.results.append(Result(metrics=metrics, **result))
    return report
