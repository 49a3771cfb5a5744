"""Metrics of all event loops of the process for Prometheus; needs ``prometheus-client`` (extra ``prometheus``).

``text()`` is what a program answers a scrape with that exports nothing else. A program that has other metrics registers
a ``Collector``. docs/observability.md lists the names.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector as _Collector

import pyloop

from ._observe.catalogue import HISTOGRAMS, METRICS
from ._observe.catalogue import Metric as _Described

__all__ = ["CONTENT_TYPE", "Collector", "text"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""What ``text()`` returns, for the header of an answer."""

_LABELS = ("loop", "thread")
# Powers of two of nanoseconds, from 8 microseconds to a minute: each is the limit of a range of the engine's.
_LIMITS = tuple(2**power / 1e9 for power in range(13, 37))


class Collector(_Collector):
    """What a registry of ``prometheus_client`` collects from: ``REGISTRY.register(pyloop.prometheus.Collector())``."""

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics of all loops."""
        loops = pyloop.metrics()
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for metric in METRICS:
            name = metric.prometheus_name
            family = families.get(name)
            if family is None:
                kind = CounterMetricFamily if metric.is_counter else GaugeMetricFamily
                own = () if metric.attribute is None else (metric.attribute[0],)
                family = families[name] = kind(name, metric.meaning, labels=(*_LABELS, *own))
            for each in loops:
                own = () if metric.attribute is None else (metric.attribute[1],)
                family.add_metric((str(each.loop), each.name, *own), getattr(each, metric.field))
        yield from families.values()
        for metric in HISTOGRAMS:
            yield _histogram(metric, loops)


def text() -> str:
    """Return the metrics of all loops in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector())
    return generate_latest(registry).decode()


def _histogram(metric: _Described, loops: Iterable[pyloop.LoopMetrics]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(metric.prometheus_name, metric.meaning, labels=_LABELS)
    for each in loops:
        histogram: pyloop.Histogram = getattr(each, metric.field)
        ranges = list(histogram.ranges())
        # Half a nanosecond of room: the limits are equal but for rounding.
        buckets = [(str(limit), sum(n for _, high, n in ranges if high <= limit + 5e-10)) for limit in _LIMITS]
        buckets.append(("+Inf", histogram.count))
        family.add_metric((str(each.loop), each.name), buckets=buckets, sum_value=histogram.total)
    return family
