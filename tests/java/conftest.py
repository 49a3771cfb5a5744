"""These tests have a Java virtual machine in their process, JPype's, which cannot be got rid of: they run alone.

``python3 tools/environments.py java 3.13 python tests/java/run.py``
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import java


def pytest_sessionstart() -> None:
    """Start the virtual machine unless run.py has, which is needed where the engine runs in one."""
    java.start()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run complete more stages than the usual ones."""
    parser.addoption("--stages", type=int, default=20_000, metavar="COUNT", help="how many stages are awaited in a row")


@pytest.fixture
def stage_count(request: pytest.FixtureRequest) -> int:
    """How many stages to await in a row."""
    return int(request.config.getoption("--stages"))


@pytest.fixture
def pool() -> Iterator[object]:
    """Four threads of Java's."""
    made = java.concurrent("Executors").newFixedThreadPool(4)
    yield made
    made.shutdownNow()
