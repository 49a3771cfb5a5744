"""What is sent, and checked when it arrives."""

from __future__ import annotations

import random
from typing import Final


class WrongBytesError(AssertionError):
    """Something else has arrived than what was sent."""


LARGE: Final = random.Random(7).randbytes(600_000)
SMALL: Final = LARGE[:300]


def check(received: bytes | bytearray, sent: bytes, *, whole: bool = True) -> None:
    """Check what has arrived; what was broken off is a part of it.

    Raises:
        WrongBytesError: it is wrong.
    """
    if not sent.startswith(bytes(received)):
        raise WrongBytesError("other bytes have arrived")
    if whole and len(received) != len(sent):
        # As a connection that ends early does it.
        raise ConnectionAbortedError("not all has arrived")
