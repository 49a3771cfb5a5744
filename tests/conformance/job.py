"""A worker's task, and the files through which it and the run talk to each other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

JOURNAL = "journal.jsonl"
OUTPUT = "output.txt"
SCRATCH = "scratch"
_JOB = "job.json"


class Loop(StrEnum):
    """The loop the suite runs on."""

    PYLOOP = "pyloop"
    OWN = "own"
    """The interpreter's own."""


@dataclass(frozen=True)
class Job:
    """Tests of one module to run in one process.

    Attributes:
        package: the package of the suite, ``test.test_asyncio``.
        module: the module in it.
        loop: the loop to run on.
        timeout: seconds after which a test has hung.
        pattern: run only the tests whose name matches this pattern of shell style.
        only: run only the tests of these names.
        without: leave out the tests of these names.
    """

    package: str
    module: str
    loop: Loop
    timeout: float
    pattern: str | None = None
    only: Sequence[str] | None = None
    without: Sequence[str] = ()

    @classmethod
    def read(cls, folder: Path) -> Job:
        """Return the job in ``folder``."""
        fields = json.loads((folder / _JOB).read_text(encoding="utf-8"))
        return cls(**fields | {"loop": Loop(fields["loop"])})

    def write(self, folder: Path) -> None:
        """Put the job in ``folder``."""
        (folder / _JOB).write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")
