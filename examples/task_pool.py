"""A pool of worker tasks fed by a queue, with timers, timeouts, failures and cancellation."""

import asyncio
from collections import Counter
from dataclasses import dataclass

WORKERS = 20
JOBS = 400
TIMEOUT_SECONDS = 0.5
HEARTBEAT_SECONDS = 0.1


@dataclass(frozen=True)
class Job:
    """Work that takes `seconds`, and fails at the end if it `fails`."""

    number: int
    seconds: float
    fails: bool

    async def run(self) -> int:
        """Return the job's number squared, or raise ValueError."""
        await asyncio.sleep(self.seconds)
        if self.fails:
            raise ValueError(f"job {self.number} failed")
        return self.number**2


def make_job(number: int) -> Job:
    """Return a job of 0 to 9 ms; one in forty hangs and one in twenty fails."""
    return Job(number, seconds=30 if number % 40 == 7 else number % 10 / 1000, fails=number % 20 == 3)


class Heartbeat:
    """Counts regular beats of the running loop's own timer, until `stop`."""

    def __init__(self, interval: float) -> None:
        """Beat every `interval` seconds from now on."""
        self.beats = 0
        self._interval = interval
        self._loop = asyncio.get_running_loop()
        self._next = self._loop.call_later(interval, self._beat)

    def _beat(self) -> None:
        self.beats += 1
        self._next = self._loop.call_at(self._next.when() + self._interval, self._beat)

    def stop(self) -> None:
        """Cancel the beat to come."""
        self._next.cancel()


async def work(jobs: asyncio.Queue[Job], outcomes: Counter[str], results: dict[int, int]) -> None:
    """Take jobs from the queue until cancelled."""
    while True:
        job = await jobs.get()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                results[job.number] = await job.run()
            outcomes["done"] += 1
        except TimeoutError:
            outcomes["timed out"] += 1
        except ValueError:
            outcomes["failed"] += 1
        finally:
            jobs.task_done()


async def main() -> None:
    """Feed the pool, wait until it has worked off the queue, cancel it and check what it did."""
    loop = asyncio.get_running_loop()
    print(f"task_pool on {type(loop).__module__}.{type(loop).__qualname__}")
    start = loop.time()
    heartbeat = Heartbeat(HEARTBEAT_SECONDS)
    jobs: asyncio.Queue[Job] = asyncio.Queue(maxsize=WORKERS)
    outcomes: Counter[str] = Counter()
    results: dict[int, int] = {}
    workers = [asyncio.create_task(work(jobs, outcomes, results), name=f"worker {n}") for n in range(WORKERS)]
    for number in range(JOBS):
        await jobs.put(make_job(number))
    await jobs.join()
    for worker in workers:
        worker.cancel()
    endings = await asyncio.gather(*workers, return_exceptions=True)
    await asyncio.sleep(HEARTBEAT_SECONDS)
    heartbeat.stop()

    assert all(isinstance(ending, asyncio.CancelledError) for ending in endings)
    assert outcomes == {"done": JOBS * 37 // 40, "failed": JOBS // 20, "timed out": JOBS // 40}, outcomes
    assert results == {n: n**2 for n in range(JOBS) if n % 40 != 7 and n % 20 != 3}
    assert heartbeat.beats >= 1
    print(f"  {JOBS} jobs by {WORKERS} workers: " + ", ".join(f"{n} {outcome}" for outcome, n in outcomes.items()))
    print(f"  {heartbeat.beats} heartbeats, {WORKERS} workers cancelled, {loop.time() - start:.2f} s in all")


if __name__ == "__main__":
    asyncio.run(main())
