"""The bytes that travel. Those of a stream are known at every place of it, so whoever receives some can check them."""

from __future__ import annotations

import random
from typing import Final

SIZE: Final = 1_048_573
"""The bytes of a book; a prime, so that nothing falls into step with the sizes of buffers."""


class WrongBytesError(AssertionError):
    """What has arrived is not what was sent."""


class Book:
    """Pseudo-random bytes, the same for the same seed. The streams of a book begin at different places of it."""

    def __init__(self, seed: int) -> None:
        """Write the book."""
        once = random.Random(seed).randbytes(SIZE)
        self._text = once + once

    def read(self, stream: int, start: int, count: int) -> bytes:
        """`count` bytes of `stream` from `start` on; at most `SIZE`."""
        first = (stream + start) % SIZE
        return self._text[first : first + count]


class Receipt:
    """Checks the bytes of a stream as they arrive, in whatever pieces."""

    def __init__(self, book: Book, stream: int) -> None:
        """Begin at the beginning of `stream`."""
        self.count = 0
        self._book = book
        self._stream = stream

    def add(self, data: bytes | bytearray | memoryview) -> None:
        """Check what has arrived next.

        Raises:
            WrongBytesError: it is something else than what was sent.
        """
        for start in range(0, len(data), SIZE):
            piece = data[start : start + SIZE]
            if piece != self._book.read(self._stream, self.count, len(piece)):
                raise WrongBytesError(f"stream {self._stream}: wrong among {len(piece)} bytes from {self.count} on")
            self.count += len(piece)

    def expect(self, count: int) -> None:
        """Check that all of the stream has arrived, and no more.

        Raises:
            WrongBytesError: fewer bytes, or more, have arrived.
        """
        if self.count != count:
            raise WrongBytesError(f"stream {self._stream}: {self.count} bytes have arrived of {count}")
