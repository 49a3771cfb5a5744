"""``python -m pyloop --info``, and what it says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

from support.programs import run_command


def information(env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """What ``--info`` does."""
    return run_command([sys.executable, "-m", "pyloop", "--info"], env=env)


def rows_of(shown: str) -> dict[str, str]:
    """The values by their labels."""
    rows = (line.rpartition(":  ") if ":  " in line else line.partition(": ") for line in shown.splitlines())
    return {label: value.strip() for label, _, value in rows}
