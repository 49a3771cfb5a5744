"""What is to be known of a suite to run it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Subject:
    """The suite of one package, of the version that the file of pinned requirements beside its module names.

    ``tests`` and ``options`` are pytest's. ``shadows`` is what lies in the source distribution under the name of the
    installed package and would be imported in its place. A suite that is not ``configured`` for pytest is run without a
    configuration. ``excluded`` has a reason for each test that may fail on PyLoop alone; a test is named as pytest
    names it, and a name that ends in ``*`` stands for all that begin so.
    """

    name: str
    tests: tuple[str, ...] = ("tests",)
    options: tuple[str, ...] = ()
    shadows: str = ""
    configured: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)
    excluded: Mapping[str, str] = field(default_factory=dict)

    def reason(self, test: str) -> str | None:
        """The reason for which a test may fail on PyLoop alone, if there is one."""
        for name, reason in self.excluded.items():
            if test == name or (name.endswith("*") and test.startswith(name[:-1])):
                return reason
        return None
