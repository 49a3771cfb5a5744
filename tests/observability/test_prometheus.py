"""Metrics for Prometheus, as its own client reads them."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

import pyloop
import pyloop.prometheus


def _samples(loop: pyloop.EventLoop, text: str) -> dict[tuple[str, str], float]:
    """The values of a loop, by name and by the label that the name is told apart by."""
    number = str(loop.metrics().loop)
    return {
        (sample.name, next((sample.labels[key] for key in ("state", "direction", "le") if key in sample.labels), "")): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels["loop"] == number
    }


@pytest.fixture
def used_loop(loop: pyloop.EventLoop) -> pyloop.EventLoop:
    """A loop that has done something."""

    async def main() -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"12345")
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        await reader.read()
        writer.close()
        server.close()
        await asyncio.sleep(0.01)

    loop.run_until_complete(main())
    return loop


def test_the_text_has_the_values_of_the_metrics(used_loop: pyloop.EventLoop) -> None:
    samples, metrics = _samples(used_loop, pyloop.prometheus.text()), used_loop.metrics()
    prefix = "pyloop_eventloop_"
    assert samples[f"{prefix}time_seconds_total", "active"] == metrics.busy_seconds
    assert samples[f"{prefix}time_seconds_total", "idle"] == metrics.idle_seconds
    assert samples[f"{prefix}callbacks_run_total", ""] == metrics.callbacks
    assert samples[f"{prefix}io_bytes_total", "receive"] == metrics.bytes_received == 5
    assert samples[f"{prefix}connections_accepted_total", ""] == 1
    assert samples[f"{prefix}utilization_ratio", ""] == metrics.utilization


def test_a_histogram_is_cumulative_and_complete(used_loop: pyloop.EventLoop) -> None:
    samples, iteration = _samples(used_loop, pyloop.prometheus.text()), used_loop.metrics().iteration
    name = "pyloop_eventloop_iteration_seconds"
    buckets = [(float(le), value) for (sample, le), value in samples.items() if sample == f"{name}_bucket"]
    assert buckets == sorted(buckets)
    assert [value for _, value in buckets] == sorted(value for _, value in buckets)
    assert buckets[-1] == (float("inf"), float(iteration.count))
    assert samples[f"{name}_count", ""] == iteration.count
    assert samples[f"{name}_sum", ""] == iteration.total
    for limit, value in buckets[:-1]:
        assert value == sum(count for _, high, count in iteration.ranges() if high <= limit * (1 + 1e-9))


def test_a_collector_can_be_registered_beside_others(used_loop: pyloop.EventLoop) -> None:
    registry = CollectorRegistry()
    registry.register(pyloop.prometheus.Collector())
    labels = {"loop": str(used_loop.metrics().loop), "thread": used_loop.metrics().name}
    value = registry.get_sample_value("pyloop_eventloop_iterations_total", labels)
    assert value == used_loop.metrics().iterations
