"""Fixtures of the behaviour tests, and the checks that hold after every one of them."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import pyloop
from support.descriptors import open_descriptors
from support.loops import FACTORIES, LoopFactory, fresh_loop
from support.signals import make_room_for_signals

ENGINES: Final = ("native", "jvm")
"""Each has a folder here, of tests about it alone; all other tests are about both."""


APART: Final = {"frameworks/apart": "distributed", "tools": "memray"}
"""Folders of tests that have an environment of their own, each with a package that only that has."""

JAVA: Final = Path(__file__).parent / "java"

_ELSEWHERE: Final = [
    Path(__file__).parent / folder for folder, package in APART.items() if importlib.util.find_spec(package) is None
]


def pytest_report_header() -> str:
    """Say what is tested."""
    return f"engine: {pyloop.engine()}"


def _is_named(folder: Path, config: pytest.Config) -> bool:
    """Tell whether the command line names a folder, or something in it."""
    named = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
    return any(path == folder or folder in path.parents for path in named)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the tests that are about the other engine alone, and those of another environment than this.

    Those in a Java virtual machine of JPype's are left out unless they are named: it stays in the process.

    PYLOOP_ENGINE says which engine runs.
    """
    if collection_path in _ELSEWHERE or (collection_path == JAVA and not _is_named(JAVA, config)):
        return True
    if collection_path.parent == Path(__file__).parent and collection_path.name in ENGINES:
        return True if collection_path.name != pyloop.engine() else None
    return None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run compare more random programs than the usual ones, and have more system calls fail."""
    parser.addoption("--order-seeds", default="0-300", metavar="FIRST-LAST", help="random programs of test_order.py")
    parser.addoption("--faults", type=int, default=100, metavar="COUNT", help="how many failures in test_faults.py")


@pytest.fixture
def fault_limit(request: pytest.FixtureRequest) -> int:
    """How many system calls are to fail."""
    return int(request.config.getoption("--faults"))


@pytest.fixture
def order_seeds(request: pytest.FixtureRequest) -> range:
    """The seeds of the random programs to compare."""
    first, last = map(int, request.config.getoption("--order-seeds").split("-"))
    return range(first, last)


@pytest.fixture(scope="session", autouse=True)
def signals_heeded() -> None:
    """Heed the signals that a shell has what it runs in the background ignore: the programs under test inherit that."""
    for number, action in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGHUP, signal.SIG_DFL),
        (signal.SIGQUIT, signal.SIG_DFL),
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, action)


@pytest.fixture(scope="session", autouse=True)
def room_for_signals() -> None:
    """Let the tests send as many signals at once as they like."""
    make_room_for_signals()


@pytest.fixture(scope="session", autouse=True)
def engine_started(signals_heeded: None, room_for_signals: None) -> None:
    """Start the engine before the first test, so that what it holds open for good is no test's leak."""
    pyloop.new_event_loop().close()
    # What exists by now lives as long as the session: leaving it out makes the collection after every test cheap.
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Check that a test leaves no descriptor, no running loop, no wake-up descriptor and no interrupt handler."""
    descriptors = open_descriptors()
    interrupt_handler = signal.getsignal(signal.SIGINT)
    yield
    # Finalisers run now, so that a warning from one fails the test that caused it.
    gc.collect()
    # What is still there, such as pytest's reports, stays: looking through it again takes longer than most tests.
    gc.freeze()
    assert open_descriptors() == descriptors
    assert asyncio._get_running_loop() is None
    assert signal.set_wakeup_fd(-1) == -1
    assert signal.getsignal(signal.SIGINT) is interrupt_handler


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A fresh PyLoop loop."""
    with fresh_loop(FACTORIES["pyloop"]) as made:
        yield made


@pytest.fixture(params=list(FACTORIES))
def loop_name(request: pytest.FixtureRequest) -> str:
    """The name of each loop in turn, for programs that run in a process of their own."""
    return str(request.param)


@pytest.fixture
def each_factory(loop_name: str) -> LoopFactory:
    """The factory of each loop in turn."""
    return FACTORIES[loop_name]


@pytest.fixture
def each_loop(each_factory: LoopFactory) -> Iterator[asyncio.AbstractEventLoop]:
    """A fresh loop: the interpreter's own, then PyLoop's."""
    with fresh_loop(each_factory) as made:
        yield made


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    """A plain UDP socket of the loopback network, for the other end of a datagram transport."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.bind(("127.0.0.1", 0))
        end.settimeout(30)
        yield end
