"""Making servers by asyncio's own code. A server that is cancelled while it begins to listen leaves nothing behind.

Like ``_loop``, this module relies on private names of asyncio.
"""

from __future__ import annotations

import asyncio
import functools

from pyloop import _stock

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    _Method = TypeVar("_Method", bound=Callable[..., Any])


def _closed_unless_returned(create: _Method) -> _Method:
    """Make a method close its server if it fails or is cancelled later than the server began to listen.

    asyncio lets an iteration pass then, and whoever cancels in it never gets the server, which goes on listening.
    """

    @functools.wraps(create)
    async def create_or_close(self: ServerMethods, *arguments: Any, **keywords: Any) -> asyncio.Server:
        task = asyncio.current_task(self)
        self._listening[task] = None
        try:
            return await create(self, *arguments, **keywords)  # type: ignore[no-any-return]
        except BaseException:
            server = self._listening[task]
            if server is not None:
                server.close()
            raise
        finally:
            del self._listening[task]

    return create_or_close  # type: ignore[return-value]


class ServerMethods(_stock.SelectorEventLoop):
    """A part of the event loop class."""

    # The server of each task that makes one, once it listens.
    _listening: dict[asyncio.Task[Any] | None, asyncio.Server | None]

    create_server = _closed_unless_returned(_stock.SelectorEventLoop.create_server)
    create_unix_server = _closed_unless_returned(_stock.SelectorEventLoop.create_unix_server)

    def _note_listening(self, server: asyncio.Server | None) -> None:
        """Take note that a server has begun to listen, in whatever task."""
        if self._listening:
            task = asyncio.current_task(self)
            if task in self._listening:
                self._listening[task] = server
