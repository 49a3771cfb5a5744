"""What a row of a mailbox says: the numbers of ``dev.pyloop.bridge.Kind``."""

from __future__ import annotations

from typing import Final

BITS: Final = 8
MASK: Final = (1 << BITS) - 1

VALUE: Final = 1
NULL: Final = 2
ERROR: Final = 3
PYTHON_ERROR: Final = 4
CANCELLED: Final = 5
CANCEL: Final = 6
ITEMS: Final = 7
SUBSCRIBED: Final = 8
WANTED: Final = 9
CALL: Final = 10
SCHEDULE: Final = 11
UNSCHEDULE: Final = 12
FAILURE: Final = 13
END: Final = 14

ROWS: Final = 256
"""How many rows there are, of two words each; one more has the number that a call has left."""

MORE: Final = 1 << 16
"""In the number of rows: there is more, or may be soon."""
