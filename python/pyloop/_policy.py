"""Makes PyLoop the loop of programs that do not ask for it."""

from __future__ import annotations

import asyncio.events
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._loop import EventLoop

if sys.platform == "win32":
    # There only importing this package works; what makes a loop says so.
    _BasePolicy: Any = asyncio.events.AbstractEventLoopPolicy
else:
    from asyncio.unix_events import _UnixDefaultEventLoopPolicy as _BasePolicy

# From 3.14 on the public function warns that policies will go; whoever calls install() did not ask for that.
_set_policy: Any = getattr(asyncio.events, "_set_event_loop_policy", None) or asyncio.set_event_loop_policy


class EventLoopPolicy(_BasePolicy):  # type: ignore[misc]
    """asyncio's default policy, making PyLoop event loops."""

    def _loop_factory(self) -> EventLoop:
        from ._loop import EventLoop as Loop  # noqa: PLC0415 - starts the JVM

        return Loop()


def install() -> None:
    """Make PyLoop the event loop of ``asyncio.run`` and everything else that leaves the choice to the policy."""
    _set_policy(EventLoopPolicy())
