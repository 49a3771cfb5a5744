"""What a job is given: its loop's dice, the book, and where the loop's servers are."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from soak.book import SIZE, Book

HANG_SECONDS: Final = 60
"""After this time a job is taken to hang. None is expected to take anything like it."""

_SMALL: Final = 4 << 10
_MIDDLE: Final = 256 << 10
_LARGE: Final = SIZE


@dataclass
class Surroundings:
    """Those of one loop. `counts` says what was done, by name."""

    dice: random.Random
    book: Book
    folder: Path
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    addresses: dict[str, Any] = field(default_factory=dict)
    server_tls: ssl.SSLContext | None = None
    client_tls: ssl.SSLContext | None = None

    def stream(self) -> int:
        """A stream of the book, by chance."""
        return self.dice.randrange(SIZE)

    def size(self) -> int:
        """How much to send: mostly little, now and then much, sometimes nothing."""
        return self.dice.randrange(self.dice.choice((1, _SMALL, _SMALL, _SMALL, _SMALL, _MIDDLE, _MIDDLE, _LARGE)))

    def chance(self, one_in: int) -> bool:
        """Whether something happens that happens once in `one_in` times."""
        return self.dice.randrange(one_in) == 0

    async def pause(self) -> None:
        """Let a little time pass, mostly none."""
        if self.chance(4):
            await asyncio.sleep(self.dice.random() * 0.005)
        else:
            for _ in range(self.dice.randrange(4)):
                await asyncio.sleep(0)


Job: TypeAlias = Callable[[Surroundings], Awaitable[None]]
"""Something that a loop does, from its beginning to its end; it leaves nothing behind."""
