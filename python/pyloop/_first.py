"""Finds the class of event loops. Whoever asks first imports it, and so starts the engine.

The package imports this module at once. A program may leave its files behind, by ``chroot`` for example; the message
that says so must be loaded by then.
"""

from __future__ import annotations

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from pyloop._loop import EventLoop

_PACKAGE = "pyloop"
_FOLDER = __file__.rpartition("/")[0]


def loop_class() -> type[EventLoop]:
    """Return the class of event loops; the first time this starts the engine.

    Raises:
        RuntimeError: there can be none; the message says why.
    """
    try:
        from pyloop._loop import EventLoop as Loop  # noqa: PLC0415 - starts the engine
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(f"{_PACKAGE}."):
            raise
        raise RuntimeError(
            f"PyLoop's own files cannot be found, in {_FOLDER}: {error}. The first event loop loads the engine. A "
            "program that leaves its files behind, by chroot for example, makes that loop before, and may close it"
        ) from error
    return Loop
