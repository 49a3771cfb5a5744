"""What is known of a loop at one moment: immutable, typed, and of use in any thread."""

from __future__ import annotations

import dataclasses
import math

TYPE_CHECKING = False  # not from typing, which is dear to import
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

_NANOSECOND = 1e-9
# As in the engine's class Histogram: each power of two is cut into eight ranges, the shortest being 128 ns wide.
_RANGES = 8
_UNIT = 128


def lower_limit(index: int) -> float:
    """Return the least duration, in seconds, that a histogram counts in a range."""
    if index < _RANGES:
        return index * _UNIT * _NANOSECOND
    octave, part = divmod(index, _RANGES)
    return (_RANGES + part) * 2.0 ** (octave - 1) * _UNIT * _NANOSECOND


@dataclasses.dataclass(frozen=True, slots=True)
class Histogram:
    """How often something took how long.

    Each power of two of durations is cut into eight ranges, so that percentiles are right to an eighth, from
    microseconds to hours. Of what is below a microsecond the ranges are 128 nanoseconds wide.
    """

    counts: tuple[int, ...] = dataclasses.field(default=(), repr=False)
    """How many durations there were in each range, up to the last range that has any."""
    total: float = 0.0
    """The sum of all durations, in seconds."""
    max: float = 0.0
    """The longest duration, in seconds. In what ``since`` returns it is the upper limit of its range."""

    @property
    def count(self) -> int:
        """How many durations there were."""
        return sum(self.counts)

    @property
    def min(self) -> float:
        """The lower limit of the range of the shortest duration, in seconds."""
        return next((lower_limit(index) for index, count in enumerate(self.counts) if count), 0.0)

    @property
    def mean(self) -> float:
        """The mean, in seconds."""
        count = self.count
        return self.total / count if count else 0.0

    @property
    def stddev(self) -> float:
        """The standard deviation, in seconds, as far as the ranges tell."""
        count, mean = self.count, self.mean
        if not count:
            return 0.0
        squares = sum(number * ((low + high) / 2 - mean) ** 2 for low, high, number in self.ranges())
        return math.sqrt(squares / count)

    @property
    def p50(self) -> float:
        """What half of the durations do not exceed, in seconds."""
        return self.percentile(50)

    @property
    def p90(self) -> float:
        """What 90 % of the durations do not exceed, in seconds."""
        return self.percentile(90)

    @property
    def p99(self) -> float:
        """What 99 % of the durations do not exceed, in seconds."""
        return self.percentile(99)

    def percentile(self, percent: float) -> float:
        """Return what so many per cent of the durations do not exceed, in seconds: the upper limit of a range.

        Raises:
            ValueError: it is less than 0 or more than 100.
        """
        if not 0 <= percent <= 100:
            raise ValueError(f"{percent} is no percentage")
        wanted = math.ceil(self.count * percent / 100)
        seen = 0
        for _, high, number in self.ranges():
            seen += number
            if seen >= wanted:
                return min(high, self.max)
        return 0.0

    def ranges(self) -> Iterator[tuple[float, float, int]]:
        """Yield the limits of each range that has durations, in seconds, and how many it has."""
        for index, count in enumerate(self.counts):
            if count:
                yield lower_limit(index), lower_limit(index + 1), count

    def since(self, earlier: Self) -> Self:
        """Return what has been added since an earlier histogram of the same loop."""
        padded = earlier.counts + (0,) * (len(self.counts) - len(earlier.counts))
        counts = [now - before for now, before in zip(self.counts, padded, strict=True)]
        while counts and not counts[-1]:
            counts.pop()
        longest = min(lower_limit(len(counts)), self.max) if counts else 0.0
        return type(self)(tuple(counts), self.total - earlier.total, longest)


@dataclasses.dataclass(frozen=True, slots=True)
class LoopMetrics:
    """What one loop has done since it was made, and what it has now; docs/observability.md explains each field."""

    loop: int
    """The number of the loop: loops of a process are numbered from 1 in the order in which they were made."""
    name: str
    """The name of the thread that ran it last; empty before the first run."""
    time: float
    """When this was taken, by ``time.monotonic()``."""
    running: bool
    """Whether the loop runs."""
    asleep: bool
    """Whether it waits for something to happen."""

    iterations: int
    polls: int
    events: int
    callbacks: int
    timers_run: int
    busy_seconds: float
    idle_seconds: float
    ready_max: int
    bytes_received: int
    receive_calls: int
    bytes_sent: int
    send_calls: int
    datagrams_received: int
    datagrams_sent: int
    connections_opened: int
    connections_lost: int
    connections_accepted: int
    posts: int
    slow_callbacks: int

    ready: int
    timers: int
    descriptors: int
    connections: int
    children: int

    delay: Histogram
    """How late timers were queued after they were due."""
    iteration: Histogram
    """How long the loop was busy between one poll and the next."""

    @property
    def utilization(self) -> float:
        """Which part of the time of its runs the loop was busy, from 0 to 1."""
        time = self.busy_seconds + self.idle_seconds
        return self.busy_seconds / time if time > 0 else 0.0

    def since(self, earlier: Self) -> Self:
        """Return what the loop has done since an earlier snapshot of it, and what it has now.

        Raises:
            ValueError: that is one of another loop.
        """
        if earlier.loop != self.loop:
            raise ValueError(f"loop {earlier.loop} is not loop {self.loop}")
        changes = {name: getattr(self, name) - getattr(earlier, name) for name in COUNTERS}
        return dataclasses.replace(
            self,
            **changes,
            delay=self.delay.since(earlier.delay),
            iteration=self.iteration.since(earlier.iteration),
        )


# The fields that only grow.
COUNTERS = (
    "iterations",
    "polls",
    "events",
    "callbacks",
    "timers_run",
    "busy_seconds",
    "idle_seconds",
    "bytes_received",
    "receive_calls",
    "bytes_sent",
    "send_calls",
    "datagrams_received",
    "datagrams_sent",
    "connections_opened",
    "connections_lost",
    "connections_accepted",
    "posts",
    "slow_callbacks",
)

# The order in which the engine shows what it counts; see its EventLoop.showMetrics and Metrics.show.
ENGINE_ORDER = (
    "iterations",
    "callbacks",
    "ready_max",
    "polls",
    "events",
    "timers_run",
    "busy",
    "idle",
    "bytes_received",
    "receive_calls",
    "bytes_sent",
    "send_calls",
    "datagrams_received",
    "datagrams_sent",
    "connections_opened",
    "connections_lost",
    "connections_accepted",
    "posts",
    "ready",
    "timers",
    "descriptors",
    "asleep",
)


def histogram(shown: tuple[int, ...]) -> Histogram:
    """Return a histogram of what the engine shows of one."""
    total, longest, *counts = shown
    return Histogram(tuple(counts), total * _NANOSECOND, longest * _NANOSECOND)
