"""The socket workloads: which server, which load, what is measured, and what is promised of it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Metric:
    """One figure of a workload; `key` is its name in the generator's output."""

    key: str
    title: str
    unit: str
    more_is_better: bool = True
    scale: float = 1
    digits: int = 0
    compared: bool = True

    def show(self, figure: float) -> str:
        """Return `figure` in the unit shown."""
        return f"{figure * self.scale:,.{self.digits}f}"


@dataclass(frozen=True)
class Target:
    """What the subject's ratio to asyncio and to uvloop has to be: at least this for rates, at most this for costs."""

    asyncio: float | None = None
    uvloop: float | None = None


@dataclass(frozen=True)
class Workload:
    """A server (of `servers.py`), the load on it (`load.c`'s mode and options), and the figures with their targets."""

    title: str
    server: str
    mode: str
    options: dict[str, int]
    targets: dict[Metric, Target]
    untrimmed: bool = field(default=False, kw_only=True)
    """Whether uvloop is measured a second time, with a malloc that does not give memory back after each message."""
    half_load: bool = field(default=False, kw_only=True)
    """Whether the load is half of what the reference loop reaches in mode `echo`."""


def rate(unit: str) -> Metric:
    """Return the metric of operations completed."""
    return Metric("rate", "rate", f"{unit}/s")


def cost(operation: str) -> Metric:
    """Return the metric of processor time the server's process took for an operation."""
    return Metric("server_us", "server CPU", f"µs/{operation}", more_is_better=False, digits=2)


THROUGHPUT = Metric("bytes_rate", "throughput", "MiB/s", scale=1 / (1 << 20))
MEMORY = Metric("connection_bytes", "memory", "bytes/connection", more_is_better=False)
LATENCIES = tuple(
    Metric(key, title, "µs", more_is_better=False, digits=1, compared=key != "late_p99")
    for key, title in (
        ("p50", "latency p50"),
        ("p99", "latency p99"),
        ("p999", "latency p99.9"),
        ("late_p99", "how late the generator sent, p99"),
    )
)
UNTARGETED = Target()


def echo(
    size: str, connections: int, targets: Target, cpu: float | None = None, *, server: str = "echo", **more: bool
) -> Workload:
    """Return a workload of messages that come back: one outstanding on each connection."""
    number, unit = size.split()
    length = int(number) * {"B": 1, "KiB": 1 << 10}[unit]
    kinds = {
        "echo": "echo",
        "four-writes": "echo in four writes",
        "four-writes-socket": "echo in four writes, inherited listener",
        "streams": "streams echo",
        "tls": "TLS echo",
    }
    return Workload(
        f"{kinds[server]} {size}, {connections} connections",
        server,
        "echo",
        {"connections": connections, "size": length} | ({"tls": 1} if server == "tls" else {}),
        {rate("round trips"): targets, cost("round trip"): Target(uvloop=cpu)},
        **more,
    )


def bulk(title: str, server: str, mode: str) -> Workload:
    """Return a workload of one connection that carries 64 KiB writes one way."""
    options = {"connections": 1, "size": 64 << 10}
    return Workload(title, server, mode, options, {THROUGHPUT: Target(1.2, 1.1), cost("64 KiB"): UNTARGETED})


def http(server: str) -> Workload:
    """Return a workload of small responses over 100 keep-alive connections."""
    title = f"{server} plaintext, 100 connections"
    metrics = {rate("requests"): Target(1.15, 1.02), cost("request"): UNTARGETED}
    return Workload(title, server, "http", {"connections": 100}, metrics)


SMALL = Target(1.2, 1.05)
LARGE = Target(1, 1.1)

WORKLOADS = {
    "echo-64-10": echo("64 B", 10, SMALL, 0.95),
    "echo-64-100": echo("64 B", 100, SMALL, 0.95),
    "echo-64-500": echo("64 B", 500, SMALL, 0.95),
    "echo-1k-10": echo("1 KiB", 10, SMALL, 0.95),
    "echo-1k-100": echo("1 KiB", 100, SMALL, 0.95),
    "echo-1k-500": echo("1 KiB", 500, SMALL, 0.95),
    "echo-16k-100": echo("16 KiB", 100, LARGE, untrimmed=True),
    "echo-64k-100": echo("64 KiB", 100, LARGE, untrimmed=True),
    "four-writes": echo("64 B", 100, Target(uvloop=1), server="four-writes"),
    "four-writes-socket": echo("64 B", 100, Target(10, 1), server="four-writes-socket"),
    "streams-1k": echo("1 KiB", 100, SMALL, server="streams"),
    "bulk-to-server": bulk("bulk, the server receives", "sink", "bulk-send"),
    "bulk-from-server": bulk("bulk, the server sends", "source", "bulk-receive"),
    "uvicorn": http("uvicorn"),
    "aiohttp": http("aiohttp"),
    "tls-1k": echo("1 KiB", 100, Target(asyncio=1), server="tls"),
    "accept": Workload(
        "accept and close, 50 at a time",
        "closer",
        "accept",
        {"connections": 50},
        {rate("connections"): Target(1.5, 1.1), cost("connection"): UNTARGETED},
    ),
    "memory": Workload("10,000 idle connections", "echo", "idle", {"connections": 10_000}, {MEMORY: Target(1, 1)}),
    "latency": Workload(
        "echo 64 B, 50 connections, half load",
        "echo",
        "latency",
        {"connections": 50, "size": 64},
        dict.fromkeys(LATENCIES, UNTARGETED),
        half_load=True,
    ),
}
