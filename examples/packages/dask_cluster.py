"""Tasks on other processes, and just so on other machines: a Dask cluster, all of it on PyLoop.

Run it where `pip install distributed pyloop-asyncio` has been run: python dask_cluster.py [TASKS] [asyncio]
"""

from __future__ import annotations

import asyncio
import sys
import time

from distributed import Client, LocalCluster

import pyloop

TASKS, LOOP = (sys.argv[1:] + ["10000", "pyloop"][len(sys.argv) - 1 :])[:2]

# Here, and not under `if __name__`: the processes of the workers import this file too, and so run on PyLoop.
if LOOP == "pyloop":
    pyloop.install()


def work(number: int) -> int:
    """One task, small: what is measured is how it gets to a worker and its result back."""
    return number + 1


async def loop_of_worker() -> str:
    """Return where the class of the loop is from that a worker runs on."""
    return type(asyncio.get_running_loop()).__module__


async def main() -> None:
    """Start a cluster, and have it do the tasks."""
    options = {"host": "127.0.0.1", "dashboard_address": None, "asynchronous": True}
    async with (
        LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster,
        Client(cluster, asynchronous=True) as client,
    ):
        loops = {await loop_of_worker(), *(await client.run(loop_of_worker)).values()}
        await client.gather(client.map(work, range(100), pure=False))
        start = time.perf_counter()
        results = await client.gather(client.map(work, range(int(TASKS)), pure=False))
        seconds = time.perf_counter() - start
        assert sum(results) == sum(range(1, int(TASKS) + 1))
        print(f"{len(results)} tasks on 2 workers in {seconds:.2f} s; loops: {', '.join(sorted(loops))}")


if __name__ == "__main__":
    asyncio.run(main())
