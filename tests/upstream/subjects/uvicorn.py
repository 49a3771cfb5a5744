"""uvicorn's suite: it chooses loops by names, of which PyLoop takes the place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from upstream.subject import Subject

SUBJECT = Subject("uvicorn", options=("-o", "addopts=", "--ignore=tests/benchmarks"), shadows="uvicorn")

_factories: list[Callable[[], asyncio.AbstractEventLoop]] = []


def use(factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Have uvicorn make its loops by `factory` where it chooses one itself, or is told to take asyncio's."""
    from uvicorn import config  # noqa: PLC0415 -- of the environment of this suite

    _factories[:] = [factory]
    for name in ("auto", "asyncio"):
        config.LOOP_FACTORIES[name] = f"{__name__}:loop_factory"


def loop_factory(use_subprocess: bool = False) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return the factory, as uvicorn asks for it."""
    return _factories[0]
