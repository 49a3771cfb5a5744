"""The workloads of servers: which server, which load, what is measured, and what is promised of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import generator, processes
from .model import PEAK, Figures, Metric, Setting, Workload

SERVER_SHARE = "server_share"
GENERATOR_SHARE = "generator_share"
KIB = 1 << 10
SMOKE_RATE = 100.0
ACKNOWLEDGED = 32
"""So many datagrams are acknowledged together: their number is a multiple of it."""
SMOKE_CONNECTIONS = 100
SMOKE_OPERATIONS = 10 * ACKNOWLEDGED


@dataclass(frozen=True, kw_only=True)
class Served(Workload):
    """A server (of `servers.py`) and the load on it (the generator's mode and options), each on a core of its own."""

    server: str
    mode: str
    options: dict[str, int] = field(default_factory=dict)
    partial_load: bool = False
    """Whether the load is a quarter of what the reference loop reaches in mode `echo`."""
    least_seconds: float = 0
    """Shorter than that, the figures are not what they are called."""

    def prepare(self, setting: Setting, loops: list[str]) -> float | None:
        """Return a quarter of what asyncio reaches, or the first loop if it is not measured.

        It is so much less because asyncio is not equally fast in every process: what is half of one's rate is all of
        another's.
        """
        if not self.partial_load:
            return None
        if setting.smoke:
            return SMOKE_RATE
        reference = "asyncio" if "asyncio" in loops else loops[0]
        return self._measure("echo", reference, setting, None)["rate"] / 4

    def measure(self, loop: str, setting: Setting, rate: float | None) -> Figures:
        """Measure a fresh server on `loop`."""
        return self._measure(self.mode, loop, setting, rate)

    def _measure(self, mode: str, loop: str, setting: Setting, rate: float | None) -> Figures:
        setting.require_two_cores()
        generator.program()
        options = dict(self.options)
        if setting.smoke:
            options["connections"] = min(options.get("connections", 1), SMOKE_CONNECTIONS)
            options["limit"] = SMOKE_OPERATIONS
        elif setting.quick and "limit" in options:
            options["limit"] = options["limit"] // 10 // ACKNOWLEDGED * ACKNOWLEDGED
        with processes.served(loop, self.name, setting) as (address, process):
            figures = generator.load(
                mode,
                address,
                setting.timeout,
                server=process,
                core=setting.generator_core,
                warmup=setting.warm_up,
                seconds=setting.seconds if setting.smoke else max(setting.seconds, self.least_seconds),
                rate=rate,
                **options,
            )
            figures["peak_mib"] = processes.peak_mib(process)
        return figures


def rate(unit: str) -> Metric:
    """Return the metric of operations completed."""
    return Metric("rate", "rate", f"{unit}/s", more_is_better=True)


SERVER_CPU = Metric("server_us", "CPU", "µs", digits=2)
THROUGHPUT = Metric("bytes_rate", "throughput", "MiB/s", more_is_better=True, scale=1 / (1 << 20))
MEMORY = Metric("connection_bytes", "memory", "bytes/connection")
LATENCIES = tuple(
    Metric(key, title, "µs", digits=1, compared=key != "late_p99")
    for key, title in (
        ("p50", "latency p50"),
        ("p90", "latency p90"),
        ("p99", "latency p99"),
        ("p999", "latency p99.9"),
        ("late_p99", "how late the generator sent, p99"),
    )
)
SMALL = {"rate": {"asyncio": 1.2, "uvloop": 1.05}}
LARGE = {"rate": {"asyncio": 1.0, "uvloop": 1.1}}
LESS_CPU = {"server_us": {"uvloop": 1 / 0.95}}
SOCKETS = {"rate": {"asyncio": 1.5, "uvloop": 1.1}}
BULK = {"bytes_rate": {"asyncio": 1.2, "uvloop": 1.1}}

SIZES = {"64": 64, "1k": KIB, "10k": 10 * KIB, "100k": 100 * KIB}
BETWEEN = {"16k": 16 * KIB, "64k": 64 * KIB}
"""Sizes on which something is promised, beside those of the table."""
COUNTS = (1, 10, 100, 1000)
INTERFACES = {"protocol": "echo", "streams": "streams", "sockets": "sockets"}
DEFAULT_ECHOES = {
    *("protocol-64-1", "protocol-64-100", "protocol-1k-10", "protocol-1k-100", "protocol-1k-1000"),
    *(
        "protocol-10k-100",
        "protocol-16k-100",
        "protocol-64k-100",
        "protocol-100k-10",
        "streams-1k-100",
        "streams-100k-10",
        "sockets-1k-100",
    ),
}
"""The diagonal of a large table: each size and each number of connections once at least, each interface, too."""
DISTINCT_ECHOES = {"protocol-64-1", "protocol-100k-10", "streams-1k-100", "sockets-1k-100"}


def title_of(size: int, connections: int) -> str:
    """Return how a size and a number of connections are written."""
    length = f"{size} B" if size < KIB else f"{size // KIB} KiB"
    return f"{length}, {connections:,} connection{'s' if connections > 1 else ''}"


def echo_targets(interface: str, size: int) -> dict[str, dict[str, float]]:
    """Return what is promised of TCP echo."""
    if interface == "sockets":
        return SOCKETS if size < 10 * KIB else {}
    if size >= 10 * KIB:
        return LARGE
    return SMALL | LESS_CPU if interface == "protocol" else SMALL


def echoes() -> list[Served]:
    """Return TCP echo in every size, with every number of connections, on every interface."""
    return [
        Served(
            name=f"echo-{interface}-{size}-{connections}",
            title=f"echo, {interface}: {title_of(length, connections)}",
            subject="TCP echo",
            server=server,
            mode="echo",
            options={"connections": connections, "size": length},
            metrics=(rate("round trips"), SERVER_CPU, PEAK),
            targets=echo_targets(interface, length),
            default=f"{interface}-{size}-{connections}" in DEFAULT_ECHOES,
            distinct=f"{interface}-{size}-{connections}" in DISTINCT_ECHOES,
            untrimmed=length >= 100 * KIB and interface == "protocol",
        )
        for interface, server in INTERFACES.items()
        for size, length, connections in [
            *((size, length, count) for size, length in SIZES.items() for count in COUNTS),
            *((size, length, 100) for size, length in BETWEEN.items() if interface == "protocol"),
        ]
    ]


def echo(
    name: str,
    title: str,
    server: str,
    options: dict[str, int],
    targets: dict[str, float],
    subject: str = "TCP echo",
    quick: bool = True,
) -> Served:
    """Return another workload of messages that come back."""
    return Served(
        name=name,
        title=title,
        subject=subject,
        server=server,
        mode="echo",
        options=options,
        metrics=(rate("round trips"), SERVER_CPU, PEAK),
        targets={"rate": targets},
        quick=quick,
    )


def bulk(name: str, title: str, server: str, mode: str, tls: int = 0) -> Served:
    """Return a workload of one connection that carries 64 KiB writes one way."""
    return Served(
        name=name,
        title=title,
        subject="TLS" if tls else "Bulk and accepting",
        server=server,
        mode=mode,
        options={"connections": 1, "size": 64 * KIB, "tls": tls},
        metrics=(THROUGHPUT, SERVER_CPU, PEAK),
        targets={} if tls else BULK,
        quick=not tls,
    )


def http(server: str, title: str) -> Served:
    """Return a workload of responses over 100 keep-alive connections."""
    return Served(
        name=server,
        title=f"{title}, 100 connections",
        subject="HTTP",
        server=server,
        mode="http",
        options={"connections": 100},
        metrics=(rate("requests"), SERVER_CPU, PEAK),
        targets={"rate": {"asyncio": 1.15, "uvloop": 1.02}},
        quick=not server.endswith("10k"),
    )


_ALL = (
    *echoes(),
    echo(
        "four-writes", "echo in four writes: 64 B, 100 connections", "four-writes", {"connections": 100}, {"uvloop": 1}
    ),
    echo(
        "four-writes-socket",
        "echo in four writes, inherited listener: 64 B, 100 connections",
        "four-writes-socket",
        {"connections": 100},
        {"asyncio": 10, "uvloop": 1},
        quick=False,
    ),
    echo(
        "echo-unix",
        "echo, Unix sockets: 1 KiB, 100 connections",
        "unix",
        {"connections": 100, "size": KIB},
        SMALL["rate"],
    ),
    bulk("bulk-to-server", "bulk, the server receives", "sink", "bulk-send"),
    bulk("bulk-from-server", "bulk, the server sends", "source", "bulk-receive"),
    Served(
        name="accept",
        title="accept and close, 50 at a time",
        subject="Bulk and accepting",
        server="closer",
        mode="accept",
        options={"connections": 50},
        metrics=(rate("connections"), SERVER_CPU, PEAK),
        targets={"rate": {"asyncio": 1.5, "uvloop": 1.1}},
    ),
    echo(
        "tls-echo",
        "TLS echo: 1 KiB, 100 connections",
        "tls",
        {"connections": 100, "size": KIB, "tls": 1},
        {"asyncio": 1},
        "TLS",
    ),
    bulk("tls-bulk", "TLS bulk, the server receives", "tls-sink", "bulk-send", tls=1),
    echo(
        "udp-echo",
        "UDP round trips: 512 B",
        "datagrams",
        {"connections": 10, "size": 512, "udp": 1},
        {"asyncio": 1.5, "uvloop": 1.1},
        "Datagrams",
    ),
    Served(
        name="udp-burst",
        title="UDP, 512 B, a burst of 100,000 received",
        subject="Datagrams",
        server="datagram-sink",
        mode="burst",
        options={"size": 512, "udp": 1, "limit": 100_000},
        metrics=(rate("datagrams"), SERVER_CPU, PEAK),
        targets={"rate": {"asyncio": 2, "uvloop": 1.5}},
    ),
    http("uvicorn", "uvicorn, 13 B"),
    http("uvicorn-10k", "uvicorn, 10 KiB"),
    http("aiohttp", "aiohttp's server, 13 B"),
    Served(
        name="latency",
        title="echo 64 B, 50 connections, a quarter of asyncio's rate",
        subject="Latency and idle connections",
        server="echo",
        mode="latency",
        options={"connections": 50, "size": 64},
        metrics=LATENCIES,
        partial_load=True,
        least_seconds=0.5,
    ),
    Served(
        name="memory",
        title="10,000 idle connections",
        subject="Latency and idle connections",
        server="echo",
        mode="idle",
        options={"connections": 10_000},
        metrics=(MEMORY,),
        targets={"connection_bytes": {"asyncio": 1, "uvloop": 1}},
        quick=False,
    ),
)
WORKLOADS = {workload.name: workload for workload in _ALL}
