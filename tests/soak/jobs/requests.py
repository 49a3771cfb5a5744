"""What clients ask the loop's servers for, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from soak.book import Receipt, WrongBytesError
from soak.service import Ending, Request
from soak.surroundings import Surroundings

_PIECES: Final = (1, 100, 5_000, 70_000, 300_000)
_MOST_PIECES: Final = 200


@dataclass(frozen=True)
class Errand:
    """A request to a server.

    `resets` says that the client ends it by a reset, when it has sent half of it.
    """

    kind: str
    address: Any
    request: Request
    piece: int
    resets: bool

    @property
    def breaks_off(self) -> bool:
        """Whether the answer does not arrive whole."""
        return self.resets or self.request.ending in {Ending.ABORT, Ending.RESET}

    def pieces(self, around: Surroundings) -> list[bytes]:
        """What to send, piece by piece."""
        length = self.request.length // 2 if self.resets else self.request.length
        body = around.book.read(self.request.stream, 0, length)
        return [self.request.header(), *(body[at : at + self.piece] for at in range(0, length, self.piece))]

    def check(self, receipt: Receipt) -> None:
        """Check how much of the answer has arrived.

        Raises:
            WrongBytesError: fewer bytes, or more, than there should be.
        """
        if not self.breaks_off:
            receipt.expect(self.request.answer_length)
        elif not self.resets and receipt.count > self.request.answer_length // 2:
            raise WrongBytesError("more has arrived than was sent")


def errand(around: Surroundings, *kinds: str) -> Errand:
    """Any request, by chance."""
    kind = around.dice.choice(kinds)
    # TLS has no half-closed connections.
    endings = [ending for ending in Ending if kind != "tls" or ending is not Ending.AFTER_EOF]
    ending = around.dice.choice([Ending.CLOSE, Ending.CLOSE, *endings])
    request = Request(around.stream(), around.size(), around.stream(), around.size(), ending)
    piece = max(around.dice.choice(_PIECES), 1 + request.length // _MOST_PIECES)
    return Errand(kind, around.addresses[kind], request, piece, resets=around.chance(8))
