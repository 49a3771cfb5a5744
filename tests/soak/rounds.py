"""Rounds: jobs in the main loop, which lives as long as the process, and in new loops in new threads."""

from __future__ import annotations

import asyncio
import faulthandler
import random
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyloop
from soak.book import Book
from soak.jobs import RARE
from soak.loops import attempt, prepared, work
from soak.measures import Sample, sample
from soak.surroundings import HANG_SECONDS, Surroundings
from support.certificates import client_context, server_context

OTHER_LOOPS: Final = 2
"""Loops in threads beside the main one, new in every round."""


@dataclass
class Course:
    """What has happened so far."""

    samples: list[Sample] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


class Soak:
    """A run of rounds. `told` is called after each."""

    def __init__(self, seed: int, round_seconds: float, told: Callable[[Course], None]) -> None:
        """Prepare it; the same seed does the same jobs, though they meet each other otherwise."""
        self.course = Course()
        self._dice = random.Random(seed)
        self._book = Book(seed)
        self._round_seconds = round_seconds
        self._told = told
        self._server_tls = server_context()
        self._client_tls = client_context()

    def run(self, seconds: float) -> Course:
        """Run rounds for a time, or until something fails."""
        with tempfile.TemporaryDirectory() as folder:
            pyloop.run(self._rounds(Path(folder), seconds))
        return self.course

    async def _rounds(self, folder: Path, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        around = self._surroundings(folder)
        async with prepared(around):
            while loop.time() < end and not self.course.failures:
                faulthandler.dump_traceback_later(self._round_seconds + 2 * HANG_SECONDS, exit=True)
                await self._round(around)
                self.course.samples.append(sample())
                self._told(self.course)
        faulthandler.cancel_dump_traceback_later()

    async def _round(self, around: Surroundings) -> None:
        others = [self._surroundings(around.folder) for _ in range(OTHER_LOOPS)]
        threads = [threading.Thread(target=self._in_thread, args=(other,)) for other in others]
        for thread in threads:
            thread.start()
        working = asyncio.create_task(work(around, self._round_seconds))
        for job in RARE:
            await attempt(around, job)
        await working
        for thread in threads:
            await asyncio.to_thread(thread.join)
        for other in (around, *others):
            self.course.counts += other.counts
            self.course.failures += other.failures
            other.counts.clear()

    def _in_thread(self, around: Surroundings) -> None:
        async def main() -> None:
            async with prepared(around):
                await work(around, self._round_seconds)

        with asyncio.Runner(loop_factory=pyloop.new_event_loop) as runner:
            runner.run(main())

    def _surroundings(self, folder: Path) -> Surroundings:
        return Surroundings(
            random.Random(self._dice.random()),
            self._book,
            folder,
            server_tls=self._server_tls,
            client_tls=self._client_tls,
        )
