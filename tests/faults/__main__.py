"""Has system calls fail under scenarios, and says what PyLoop does wrong then: exit status 1 if it does.

The shim must be loaded: LD_PRELOAD. Each failure is announced before it happens, so a crash tells which it was.
"""

from __future__ import annotations

import argparse
import asyncio.constants
import faulthandler
import itertools
import logging
import random
import sys
import warnings
from collections.abc import Iterator
from typing import Final

from faults.comparison import flaw
from faults.plans import ERRORS
from faults.scenarios import SCENARIOS, Scenario
from faults.shim import Shim
from faults.trial import NO_FAULT, Fault, attempt, weather
from support.loops import PYLOOP

_WATCHDOG_SECONDS: Final = 100
_STORMS: Final = (5, 30, 60)


def main() -> int:
    """Run as many failures as are asked for, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="which failures, and which weather")
    parser.add_argument("--limit", type=int, help="how many failures; all of them unless given")
    parser.add_argument("--storms", type=int, default=1, help="how many runs in bad weather, of each scenario")
    parser.add_argument("--only", nargs="+", help="names of scenarios")
    parser.add_argument("--calls", nargs="+", help="names of system calls")
    parser.add_argument("--without", nargs="+", default=[], help="names of system calls that are left alone")
    options = parser.parse_args()

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    # A second of asyncio's, for which no scenario is to wait.
    vars(asyncio.constants)["ACCEPT_RETRY_DELAY"] = 0.05
    shim = Shim()
    scenarios = [each for each in SCENARIOS if not options.only or each.__name__ in options.only]
    wrong = [*_storms(shim, scenarios, options.storms, options.seed)]
    faults = [
        each
        for each in _faults(shim, scenarios)
        if each[1].call in (options.calls or ERRORS) and each[1].call not in options.without
    ]
    random.Random(options.seed).shuffle(faults)
    done = 0
    for scenario, fault in faults[: options.limit]:
        _announce(f"{scenario.__name__}: {fault}")
        if found := flaw(shim, scenario, fault):
            wrong.append(f"{scenario.__name__}: {fault}: {found}")
            _say(f"WRONG: {wrong[-1]}")
        done += 1
    faulthandler.cancel_dump_traceback_later()
    for each in wrong:
        _say(f"WRONG: {each}")
    _say(f"{done} of {len(faults)} failures, {len(wrong)} wrong")
    return 1 if wrong else 0


def _storms(shim: Shim, scenarios: list[Scenario], count: int, seed: int) -> Iterator[str]:
    """Calls that are interrupted, come short or are too early, which nobody must notice."""
    for scenario, number, percent in itertools.product(scenarios, range(count), _STORMS):
        _announce(f"{scenario.__name__}: {percent} % disturbed, seed {seed + number}")
        trial = weather(shim, PYLOOP, scenario, percent, seed + number)
        if trial.kinds or trial.flaws:
            yield f"{scenario.__name__}: {percent} % disturbed, seed {seed + number}: {trial}"


def _faults(shim: Shim, scenarios: list[Scenario]) -> Iterator[tuple[Scenario, Fault]]:
    for scenario in scenarios:
        # Twice, because what is done but once in a process is done in the first.
        for _ in range(2):
            trial = attempt(shim, PYLOOP, scenario, NO_FAULT)
        if trial.kinds or trial.flaws:
            raise SystemExit(f"{scenario.__name__} fails by itself: {trial}")
        for call, errors in ERRORS.items():
            for error, nth in itertools.product(errors, range(1, shim.counts[call] + 1)):
                yield scenario, Fault(call, nth, error)


def _announce(what: str) -> None:
    faulthandler.dump_traceback_later(_WATCHDOG_SECONDS, exit=True)
    _say(what)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
