"""Whatever a program does to a loop and its handles, the process survives it."""

from __future__ import annotations

import sys

from support.programs import run_command


def test_random_misuse_does_not_end_the_process(order_seeds: range) -> None:
    seeds = range(order_seeds.start, order_seeds.start + len(order_seeds) // 10)
    for first in seeds[::10]:
        last = min(first + 10, seeds.stop)
        done = run_command([sys.executable, "-X", "faulthandler", "-m", "support.hostile_programs", f"{first}-{last}"])
        said = done.stdout.split()
        assert done.returncode == 0, f"the program of seed {said[-1:]} ended it: {done.returncode}\n{done.stderr}"
        assert said == [str(seed) for seed in range(first, last)]
