"""Runs the soak, prints a line of figures now and then, and a verdict: exit status 1 if anything leaks or is wrong."""

from __future__ import annotations

import argparse
import logging
import platform
import secrets
import sys
import time
from typing import Final

import pyloop
from soak.measures import Sample
from soak.rounds import Course, Soak
from soak.verdict import growing, is_short

_COLUMNS: Final = ("seconds", "jobs", "MB", *Sample.names())


class _Table:
    """A line for the first round and then one whenever some time has passed."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._start = time.monotonic()
        self._next = 0.0

    def tell(self, course: Course) -> None:
        """Print a line, if it is time for one."""
        passed = time.monotonic() - self._start
        if passed < self._next:
            return
        if not self._next:
            _say("  ".join(f"{name:>14}" for name in _COLUMNS))
        self._next = max(passed, self._next + self._every)
        latest = course.samples[-1]
        numbers = (int(passed), course.counts["jobs"], course.counts["bytes"] // 1_000_000)
        _say("  ".join(f"{number:>14,}" for number in (*numbers, *(getattr(latest, name) for name in Sample.names()))))


def main() -> int:
    """Run the soak, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument(
        "--seed", type=int, default=secrets.randbelow(1 << 32), help="a run's, to do the same jobs again"
    )
    parser.add_argument("--round", type=float, default=2.0, help="the seconds of a round, after which all is counted")
    parser.add_argument("--every", type=float, default=30.0, help="the seconds from one line of figures to the next")
    options = parser.parse_args()

    # Jobs that write to connections which have ended are told so by warnings.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    _say(f"seed {options.seed}, engine {pyloop.engine()}, CPython {platform.python_version()}")
    course = Soak(options.seed, options.round, _Table(options.every).tell).run(options.minutes * 60)
    _say(", ".join(f"{number:,} {name}" for name, number in sorted(course.counts.items())))
    for failure in course.failures:
        _say(f"FAILED: {failure}")
    for growth in (found := growing(course.samples)):
        _say(f"LEAK: {growth}")
    if course.failures or found:
        _say(f"verdict: failed; --seed {options.seed} does the same jobs")
        return 1
    _say(
        "verdict: every byte is right, "
        + ("too short to judge memory by" if is_short(course.samples) else "and nothing grows")
    )
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
