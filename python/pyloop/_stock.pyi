import asyncio
from typing import Any

from ._self_pipe import PipeEnd

base_events: Any
format_helpers: Any

class SelectorEventLoop(asyncio.SelectorEventLoop):
    _closed: bool
    _csock: PipeEnd | None
    _current_handle: asyncio.Handle | None
    _internal_fds: int
    _ready: Any
    _signal_handlers: dict[int, asyncio.Handle]
    _ssock: PipeEnd

    def __init__(self, selector: Any = None) -> None: ...
    def __del__(self) -> None: ...
    def _check_closed(self) -> None: ...
    def _check_running(self) -> None: ...
    def _read_from_self(self) -> None: ...
    def _process_self_data(self, data: bytes) -> None: ...

class DefaultEventLoopPolicy:
    def new_event_loop(self) -> asyncio.AbstractEventLoop: ...

def set_event_loop_policy(policy: DefaultEventLoopPolicy | None) -> None: ...
