import asyncio
import ssl
from collections.abc import Mapping
from logging import Logger
from typing import Any

from ._methods.signals import PipeEnd

__all__ = [
    "HAS_POLICIES",
    "INTERNET_FAMILIES",
    "SENDFILE_ALWAYS_MOVES",
    "TASKS_TAKE_ANY_OPTION",
    "DefaultEventLoopPolicy",
    "FlowControlMixin",
    "SSLProtocol",
    "SelectorDatagramTransport",
    "SelectorEventLoop",
    "SelectorSocketTransport",
    "Server",
    "TransportSocket",
    "UnixSubprocessTransport",
    "WriteSubprocessPipeProto",
    "base_events",
    "constants",
    "format_helpers",
    "futures",
    "get_event_loop_policy",
    "logger",
    "set_event_loop_policy",
    "sslproto",
    "tasks",
]

SelectorSocketTransport: Any
Server: Any
TransportSocket: Any
WriteSubprocessPipeProto: Any
base_events: Any
constants: Any
futures: Any
logger: Logger
sslproto: Any
tasks: Any
format_helpers: Any

HAS_POLICIES: bool
INTERNET_FAMILIES: frozenset[int]
SENDFILE_ALWAYS_MOVES: bool
TASKS_TAKE_ANY_OPTION: bool

class SelectorEventLoop(asyncio.SelectorEventLoop):
    _closed: bool
    _csock: PipeEnd | None
    _debug: bool
    _current_handle: asyncio.Handle | None
    _internal_fds: int
    _ready: Any
    _signal_handlers: dict[int, asyncio.Handle]
    _ssock: PipeEnd
    _task_factory: Any
    _transports: Any
    _watcher: Any

    def __init__(self, selector: Any = None) -> None: ...
    def __del__(self) -> None: ...
    def _check_closed(self) -> None: ...
    def _check_running(self) -> None: ...
    def _read_from_self(self) -> None: ...
    def _add_callback(self, handle: asyncio.Handle) -> None: ...
    def _make_socket_transport(
        self, sock: Any, protocol: Any, waiter: Any = None, *, extra: Any = None, server: Any = None
    ) -> asyncio.Transport: ...
    def _make_ssl_transport(
        self, rawsock: Any, protocol: Any, sslcontext: Any, waiter: Any = None, **options: Any
    ) -> asyncio.Transport: ...
    def _start_serving(
        self,
        protocol_factory: Any,
        sock: Any,
        sslcontext: Any = None,
        server: Any = None,
        backlog: int = 100,
        *timeouts_and_context: Any,
    ) -> None: ...
    async def _ensure_resolved(
        self,
        address: Any,
        *,
        family: int = 0,
        type: int = ...,  # noqa: A002 - the keyword's name
        proto: int = 0,
        flags: int = 0,
        loop: Any,
    ) -> list[Any]: ...
    def _ensure_fd_no_transport(self, fd: Any) -> None: ...
    def _make_datagram_transport(
        self, sock: Any, protocol: Any, address: Any = None, waiter: Any = None, extra: Any = None
    ) -> asyncio.DatagramTransport: ...
    async def _make_subprocess_transport(
        self,
        protocol: Any,
        args: Any,
        shell: Any,
        stdin: Any,
        stdout: Any,
        stderr: Any,
        bufsize: Any,
        extra: Any = None,
        **kwargs: Any,
    ) -> Any: ...
    def _process_self_data(self, data: bytes) -> None: ...

class SelectorDatagramTransport(asyncio.DatagramTransport):
    _extra: dict[str, Any]
    _loop: Any

    def __init__(
        self, loop: Any, sock: Any, protocol: Any, address: Any = None, waiter: Any = None, extra: Any = None
    ) -> None: ...
    def __del__(self) -> None: ...
    def is_reading(self) -> bool: ...
    def get_write_buffer_size(self) -> int: ...
    def _call_connection_lost(self, exc: BaseException | None) -> None: ...
    def _force_close(self, exc: BaseException | None) -> None: ...
    def _read_ready(self) -> None: ...

class DefaultEventLoopPolicy(asyncio.DefaultEventLoopPolicy): ...

def get_event_loop_policy() -> object: ...
def set_event_loop_policy(policy: DefaultEventLoopPolicy | None) -> None: ...

class UnixSubprocessTransport(asyncio.SubprocessTransport):
    _loop: Any
    _pid: int
    _returncode: int | None

    def __init__(
        self,
        loop: Any,
        protocol: asyncio.BaseProtocol,
        args: Any,
        shell: bool,
        stdin: Any,
        stdout: Any,
        stderr: Any,
        bufsize: int,
        waiter: asyncio.Future[None] | None = ...,
        extra: Mapping[str, Any] | None = ...,
        **kwargs: Any,
    ) -> None: ...
    async def _wait(self) -> int: ...
    def _check_proc(self) -> None: ...
    def _process_exited(self, returncode: int) -> None: ...
    def _try_finish(self) -> None: ...
    def _call_connection_lost(self, exc: BaseException | None) -> None: ...
    def __del__(self, _warn: Any = ...) -> None: ...

class SSLProtocol(asyncio.BufferedProtocol):
    max_size: int
    _app_protocol: Any
    _app_protocol_is_buffer: bool
    _app_reading_paused: bool
    _app_transport: asyncio.Transport | None
    _app_writing_paused: bool
    _incoming: ssl.MemoryBIO
    _incoming_high_water: int
    _loop: asyncio.AbstractEventLoop
    _outgoing: ssl.MemoryBIO
    _outgoing_high_water: int
    _ssl_buffer: bytearray
    _ssl_buffer_view: memoryview
    _ssl_reading_paused: bool
    _ssl_writing_paused: bool
    _sslobj: ssl.SSLObject
    _state: Any
    _transport: Any
    _write_backlog: Any
    _write_buffer_size: int

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        app_protocol: Any,
        sslcontext: Any,
        waiter: Any,
        server_side: bool = False,
        server_hostname: str | None = None,
        call_connection_made: bool = True,
        ssl_handshake_timeout: float | None = None,
        ssl_shutdown_timeout: float | None = None,
    ) -> None: ...
    def get_buffer(self, n: int) -> memoryview: ...
    def _call_eof_received(self) -> None: ...
    def _control_app_writing(self) -> None: ...
    def _control_ssl_reading(self) -> None: ...
    def _do_read(self) -> None: ...
    def _do_read__copied(self) -> None: ...
    def _do_write(self) -> None: ...
    def _fatal_error(self, exc: BaseException, message: str = ...) -> None: ...
    def _process_outgoing(self) -> None: ...
    def _resume_reading(self) -> None: ...
    def _start_shutdown(self) -> None: ...

class FlowControlMixin(asyncio.Transport):
    _extra: dict[str, Any]
    _high_water: int
    _low_water: int

    def __init__(
        self, extra: Mapping[str, Any] | None = None, loop: asyncio.AbstractEventLoop | None = None
    ) -> None: ...
    def _set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...
    _loop: Any
