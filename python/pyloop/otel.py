"""Metrics of all event loops of the process for OpenTelemetry; needs ``opentelemetry-api`` (extra ``otel``).

The instruments are observable: they are read when a reader collects, and cost nothing meanwhile. Their names follow
OpenTelemetry's conventions for Node.js's event loop, with ``pyloop`` in place of ``nodejs``. docs/observability.md
lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation, get_meter

import pyloop

from ._observe.catalogue import DELAYS, HISTOGRAMS, METRICS, PREFIX, Metric

__all__ = ["instrument"]

_Attributes = dict[str, str | int]


class _Window:
    """What each loop has done between the last two collections; before the second, since it was made."""

    def __init__(self) -> None:
        self._asked: set[str] = set()
        self._latest: dict[int, pyloop.LoopMetrics] = {}
        self._changes: tuple[pyloop.LoopMetrics, ...] = ()

    def changes(self, instrument: str) -> tuple[pyloop.LoopMetrics, ...]:
        """Return that; an instrument that asks for the second time begins another collection."""
        if not self._asked or instrument in self._asked:
            self._asked.clear()
            before = self._latest
            latest = pyloop.metrics()
            self._changes = tuple(each.since(before[each.loop]) if each.loop in before else each for each in latest)
            self._latest = {each.loop: each for each in latest}
        self._asked.add(instrument)
        return self._changes


def instrument(meter_provider: MeterProvider | None = None) -> None:
    """Have the loops of this process, those to come included, observed by instruments of a meter ``pyloop``.

    To be called once for each provider.

    Args:
        meter_provider: whose meter it is; None for the global provider.
    """
    meter = get_meter("pyloop", pyloop.__version__, meter_provider)
    window = _Window()
    by_name: dict[str, list[Metric]] = {}
    for metric in METRICS:
        by_name.setdefault(metric.otel_name, []).append(metric)
    for name, metrics in by_name.items():
        first = metrics[0]
        if first.is_counter:
            meter.create_observable_counter(name, [_reading(metrics)], first.unit, first.meaning)
        elif first.field == "utilization":
            meter.create_observable_gauge(name, [_utilization(name, window)], first.unit, first.meaning)
        else:
            meter.create_observable_up_down_counter(name, [_reading(metrics)], first.unit, first.meaning)
    for metric in HISTOGRAMS:
        for what in DELAYS:
            name = f"{metric.otel_name}.{what}"
            meter.create_observable_gauge(
                name, [_of_histogram(name, metric.field, what, window)], metric.unit, f"{metric.meaning} ({what})"
            )


def _reading(metrics: list[Metric]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def read(_: CallbackOptions) -> Iterable[Observation]:
        for each in pyloop.metrics():
            for metric in metrics:
                yield Observation(getattr(each, metric.field), _attributes(each, metric))

    return read


def _utilization(name: str, window: _Window) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def read(_: CallbackOptions) -> Iterable[Observation]:
        for each in window.changes(name):
            yield Observation(each.utilization, _attributes(each))

    return read


def _of_histogram(
    name: str, field: str, what: str, window: _Window
) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def read(_: CallbackOptions) -> Iterable[Observation]:
        for each in window.changes(name):
            yield Observation(getattr(getattr(each, field), what), _attributes(each))

    return read


def _attributes(metrics: pyloop.LoopMetrics, metric: Metric | None = None) -> _Attributes:
    attributes: _Attributes = {f"{PREFIX}.id": metrics.loop, "thread.name": metrics.name}
    if metric is not None and metric.attribute is not None:
        name, value = metric.attribute
        attributes[f"{PREFIX}.{name}"] = value
    return attributes
