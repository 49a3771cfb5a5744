"""Metrics for OpenTelemetry, as the SDK's reader gets them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

import pyloop
import pyloop.otel

_Points = dict[str, list[Any]]


class _Observed:
    """A reader, and what it has read of one loop."""

    def __init__(self, loop: pyloop.EventLoop) -> None:
        self._number = loop.metrics().loop
        self.reader = InMemoryMetricReader()
        self.provider = MeterProvider([self.reader])
        pyloop.otel.instrument(self.provider)

    def read(self) -> _Points:
        data = self.reader.get_metrics_data()
        assert data is not None
        (scope,) = data.resource_metrics[0].scope_metrics
        assert scope.scope.name == "pyloop"
        assert scope.scope.version == pyloop.__version__
        return {
            metric.name: [
                point
                for point in metric.data.data_points
                if (point.attributes or {})["pyloop.eventloop.id"] == self._number
            ]
            for metric in scope.metrics
        }


@pytest.fixture
def observed(loop: pyloop.EventLoop) -> _Observed:
    return _Observed(loop)


def _value(points: _Points, name: str, **attributes: str) -> Any:
    """The value of the one point that has such attributes."""
    wanted = {f"pyloop.eventloop.{key}": value for key, value in attributes.items()}
    (point,) = [point for point in points[name] if wanted.items() <= point.attributes.items()]
    return point.value


def test_the_names_are_those_of_nodejs_with_pyloop_in_their_place(observed: _Observed) -> None:
    names = set(observed.read())
    delays = {f"pyloop.eventloop.delay.{what}" for what in ("min", "max", "mean", "stddev", "p50", "p90", "p99")}
    assert {"pyloop.eventloop.utilization", "pyloop.eventloop.time", *delays} <= names


def test_values_are_those_of_the_metrics(loop: pyloop.EventLoop, observed: _Observed) -> None:
    loop.run_until_complete(asyncio.sleep(0.01))
    points, metrics = observed.read(), loop.metrics()
    assert _value(points, "pyloop.eventloop.time", state="active") == metrics.busy_seconds
    assert _value(points, "pyloop.eventloop.time", state="idle") == metrics.idle_seconds
    assert _value(points, "pyloop.eventloop.callbacks.run") == metrics.callbacks
    assert _value(points, "pyloop.eventloop.delay.max") == metrics.delay.max
    assert _value(points, "pyloop.eventloop.utilization") == metrics.utilization
    assert _value(points, "pyloop.eventloop.io.bytes", direction="send") == 0


def test_delays_and_utilization_are_those_since_the_last_collection(
    loop: pyloop.EventLoop, observed: _Observed
) -> None:
    async def be_late() -> None:
        loop.call_later(0.001, lambda: None)
        time.sleep(0.05)
        await asyncio.sleep(0.001)

    loop.run_until_complete(be_late())
    first = observed.read()
    second = observed.read()
    loop.run_until_complete(asyncio.sleep(0.02))
    third = observed.read()
    assert _value(first, "pyloop.eventloop.delay.max") >= 0.04
    assert _value(second, "pyloop.eventloop.delay.max") == 0
    assert _value(second, "pyloop.eventloop.utilization") == 0
    assert _value(third, "pyloop.eventloop.delay.p50") > 0
    assert _value(first, "pyloop.eventloop.iteration.max") >= 0.05


def test_a_loop_that_comes_later_is_observed_and_one_that_is_closed_is_not(observed: _Observed) -> None:
    loop = pyloop.new_event_loop()
    observed._number = loop.metrics().loop
    assert len(observed.read()["pyloop.eventloop.iterations"]) == 1
    loop.close()
    assert observed.read().get("pyloop.eventloop.iterations", []) == []


def test_counters_are_sums_that_only_grow(loop: pyloop.EventLoop, observed: _Observed) -> None:
    data = observed.reader.get_metrics_data()
    assert data is not None
    kinds = {
        metric.name: getattr(metric.data, "is_monotonic", None)
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
    }
    assert kinds["pyloop.eventloop.callbacks.run"] is True
    assert kinds["pyloop.eventloop.connections.open"] is False
    assert kinds["pyloop.eventloop.delay.p99"] is None
