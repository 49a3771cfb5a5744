"""The names under which metrics leave the process: stable, and the same for OpenTelemetry and Prometheus.

docs/observability.md has the same table; a test holds one against the other.
"""

from __future__ import annotations

import dataclasses

PREFIX = "pyloop.eventloop"
DELAYS = ("min", "max", "mean", "stddev", "p50", "p90", "p99")
"""What of a histogram OpenTelemetry gets, as of Node.js's event loop."""


@dataclasses.dataclass(frozen=True, slots=True)
class Metric:
    """A metric: its field in ``LoopMetrics``, its name, whether it only grows, its unit and its meaning."""

    field: str
    name: str
    is_counter: bool
    unit: str
    meaning: str
    attribute: tuple[str, str] | None = None
    """The name and the value of an attribute that tells this metric from others of its name."""

    @property
    def otel_name(self) -> str:
        """The name in OpenTelemetry."""
        return f"{PREFIX}.{self.name}"

    @property
    def prometheus_name(self) -> str:
        """The name in Prometheus, without the ``_total`` of counters."""
        suffix = {"s": "_seconds", "1": "_ratio"}.get(self.unit, "")
        return f"{PREFIX}.{self.name}".replace(".", "_") + suffix


_RECEIVE, _SEND = ("direction", "receive"), ("direction", "send")

METRICS = (
    Metric("busy_seconds", "time", True, "s", "Time that the loop was busy in runs.", ("state", "active")),
    Metric("idle_seconds", "time", True, "s", "Time that the loop waited for something to do.", ("state", "idle")),
    Metric("iterations", "iterations", True, "{iteration}", "Iterations."),
    Metric("polls", "polls", True, "{poll}", "Questions to the system, what is ready."),
    Metric("events", "events", True, "{event}", "Descriptors that were found ready."),
    Metric("callbacks", "callbacks.run", True, "{callback}", "Callbacks, and turns of transports."),
    Metric("slow_callbacks", "callbacks.slow", True, "{callback}", "Callbacks that exceeded the threshold."),
    Metric("posts", "callbacks.posted", True, "{callback}", "Callbacks that came by call_soon_threadsafe."),
    Metric("timers_run", "timers.run", True, "{timer}", "Timers that were due."),
    Metric("connections_opened", "connections.opened", True, "{connection}", "Connections that got a transport."),
    Metric("connections_accepted", "connections.accepted", True, "{connection}", "Connections accepted by servers."),
    Metric("connections_lost", "connections.lost", True, "{connection}", "Connections that are over."),
    Metric("bytes_received", "io.bytes", True, "By", "Bytes moved by transports.", _RECEIVE),
    Metric("bytes_sent", "io.bytes", True, "By", "Bytes moved by transports.", _SEND),
    Metric("receive_calls", "io.calls", True, "{call}", "System calls of transports.", _RECEIVE),
    Metric("send_calls", "io.calls", True, "{call}", "System calls of transports.", _SEND),
    Metric("datagrams_received", "io.datagrams", True, "{datagram}", "Datagrams moved by transports.", _RECEIVE),
    Metric("datagrams_sent", "io.datagrams", True, "{datagram}", "Datagrams moved by transports.", _SEND),
    Metric("ready", "ready.depth", False, "{callback}", "Callbacks that are queued to run now."),
    Metric("ready_max", "ready.depth_max", False, "{callback}", "The most callbacks of one iteration."),
    Metric("timers", "timers.pending", False, "{timer}", "Timers that are not due yet."),
    Metric("descriptors", "descriptors", False, "{descriptor}", "Descriptors that are watched for the program."),
    Metric("connections", "connections.open", False, "{connection}", "Connections that have a transport."),
    Metric("children", "children", False, "{process}", "Child processes that the loop waits for."),
    Metric("utilization", "utilization", False, "1", "Which part of the time the loop was busy."),
)

HISTOGRAMS = (
    Metric("delay", "delay", False, "s", "How late timers were queued after they were due."),
    Metric("iteration", "iteration", False, "s", "How long the loop was busy between two polls."),
)
