"""The workload of an HTTP client, whose server is the generator.

As a program, ``clients.py LOOP PORT CORE WARM_UP SECONDS FORM``, it is the client, and prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio import AbstractEventLoop
from dataclasses import dataclass

from . import generator, loops, processes
from .model import CPU, PEAK, Figures, Metric, Setting, Workload
from .worker import measure, operations_of, repeated

CONNECTIONS = 100
OPERATIONS = 2_000
BODY_BYTES = 13


@dataclass(frozen=True, kw_only=True)
class Client(Workload):
    """A client and the server that it asks, each on a core of its own."""

    def measure(self, loop: str, setting: Setting, rate: float | None) -> Figures:
        """Measure a fresh client on `loop`."""
        del rate
        setting.require_two_cores()
        times = (str(setting.warm_up), str(setting.seconds), setting.form)
        with generator.responding(setting.generator_core, BODY_BYTES) as port:
            name = "uvloop" if loop == loops.UNTRIMMED else loop
            command = ("-m", "pyloop_bench.clients", name, str(port), str(setting.server_core), *times)
            return processes.run(loop, setting, *command)


_ALL = (
    Client(
        name="aiohttp-client",
        title="aiohttp's client, 13 B, 100 connections",
        subject="HTTP",
        metrics=(Metric("rate", "rate", "requests/s", more_is_better=True), CPU, PEAK),
        targets={"rate": {"asyncio": 1.15, "uvloop": 1.02}},
    ),
)
WORKLOADS = {workload.name: workload for workload in _ALL}


def main(loop_name: str, port: int, core: int, warm: float, seconds: float, form: str) -> None:
    """Ask again and again, and print the figures of the median run."""
    # Here, because those who only want to know the workloads can do without.
    from aiohttp import ClientSession, TCPConnector  # noqa: PLC0415

    os.sched_setaffinity(0, {core})
    loop = loops.new_loop(loop_name)
    operations = operations_of(form, OPERATIONS)
    url = f"http://127.0.0.1:{port}/"

    async def opened() -> ClientSession:
        return ClientSession(connector=TCPConnector(limit=CONNECTIONS))

    async def ask(session: ClientSession, count: int) -> None:
        left = iter(range(count))

        async def work() -> None:
            for _ in left:
                async with session.get(url) as response:
                    if len(await response.read()) != BODY_BYTES:
                        raise RuntimeError("not the response that was expected")

        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(work())

    session = loop.run_until_complete(opened())

    def run(loop: AbstractEventLoop, count: int) -> None:
        loop.run_until_complete(ask(session, count))

    duration, cpu = measure(repeated(run, loop, operations), warm, seconds, form)
    figures = {
        "rate": operations / duration,
        "cpu_us": cpu / operations * 1e6,
        "peak_mib": processes.peak_mib(os.getpid()),
    }
    loop.run_until_complete(session.close())
    loop.close()
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5]), sys.argv[6])
