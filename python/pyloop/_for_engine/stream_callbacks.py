"""What transports ask Python to do on their behalf: calls of protocols that are rare, and reports of failures.

All functions may run code of the program's. So the engine does not call them while it has frames of its own on the
stack: see ``_for_engine.errands``.
"""

from __future__ import annotations

import errno
import warnings

from pyloop._stock import SelectorSocketTransport, Server, constants, logger
from pyloop._stock import TransportSocket as _TransportSocket

from .callbacks import report_source

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable
    from typing import Any, NoReturn

    from pyloop._transports.pipes import ReadPipeTransport, WritePipeTransport
    from pyloop._transports.streams import Acceptor, FlowLimits, StreamTransport

# From 3.13 on a server knows its transports, before that only their number.
SERVERS_KNOW_TRANSPORTS = Server._attach.__code__.co_argcount > 1
# Before 3.12 lines are joined and written, and refused in the words of write().
LINES_ARE_JOINED = "writelines" not in SelectorSocketTransport.__dict__
EMPTY_BUFFER = RuntimeError("get_buffer() returned an empty buffer")

_OUT_OF_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def attach(server: Any, transport: StreamTransport) -> None:
    """Tell a server that it has a transport more.

    Raises:
        AssertionError: the server was closed meanwhile.
    """
    if SERVERS_KNOW_TRANSPORTS:
        server._attach(transport)
    else:
        server._attach()


def detach(server: Any, transport: StreamTransport) -> None:
    """Tell a server that it has a transport less."""
    if SERVERS_KNOW_TRANSPORTS:
        server._detach(transport)
    else:
        server._detach()


def receive_eof(transport: StreamTransport) -> None:
    """Tell the protocol that there is nothing more to read, and end the connection unless it wants to go on writing."""
    if transport._loop.get_debug():
        logger.debug("%r received EOF", transport)
    protocol: Any = transport._protocol
    try:
        keep_open = protocol.eof_received()
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as exc:
        transport._fatal_error(exc, "Fatal error: protocol.eof_received() call failed.")
        return
    if keep_open:
        transport._stop_reading()
    else:
        transport.close()


def pause_writing(transport: FlowLimits) -> None:
    """Ask the protocol to pause writing."""
    try:
        transport._protocol.pause_writing()
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as exc:
        _report_protocol(transport, exc, "protocol.pause_writing() failed")


def resume_writing(transport: FlowLimits) -> None:
    """Ask the protocol to resume writing, and go on with that."""
    try:
        transport._protocol.resume_writing()
    except (SystemExit, KeyboardInterrupt):
        transport._not_resumed()
        raise
    except BaseException as exc:
        _report_protocol(transport, exc, "protocol.resume_writing() failed")
    transport._resumed()


def lose_connection(transport: FlowLimits) -> None:
    """Tell the protocol that the connection is over, as all is sent that was written before it was closed."""
    transport._call_connection_lost(None)


def abandon(transport: FlowLimits) -> None:
    """Give up a connection of which nobody knows yet."""
    transport._end()
    transport._give_up()


def view_of(buffer: Any) -> memoryview | bytearray:
    """Return what can be received into, for a buffer of a protocol's that may be of a class of the program's."""
    if not len(buffer):
        return bytearray()
    try:
        return memoryview(buffer)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException:
        return memoryview(b"read-only")  # it is refused in the words for whatever cannot be written to


def write_copy(transport: FlowLimits, data: Any) -> None:
    """Write what is in a buffer that may be of a class of the program's."""
    if not len(data):
        return
    try:
        copy = bytes(memoryview(data))
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as exc:
        report_fatal_write(transport, exc, 0)  # type: ignore[arg-type]
    else:
        _engine_type(transport).write(transport, copy)


def write_copies(transport: FlowLimits, lines: Any) -> None:
    """Write lines that come from whatever can be iterated over, or may be of classes of the program's."""
    if type(lines) is list:
        lines = [line if isinstance(line, bytes) else bytes(memoryview(line)) for line in lines]
    else:
        lines = list(lines)
    _engine_type(transport).writelines(transport, lines)


def _engine_type(transport: FlowLimits) -> type[Any]:
    """Return the engine's own type, in place of whose methods a transport may have others."""
    return next(each for each in type(transport).__mro__ if each.__module__ == "pyloop._engine")


def report_fatal(transport: StreamTransport, failure: BaseException, message: str) -> None:
    """End the connection because of an exception of its protocol's or the system's.

    The exception is raised anew, so that ``sys.exc_info()`` in what is called from here is what it is in asyncio.
    """
    try:
        raise failure  # noqa: TRY301 - to be handled is its whole purpose
    except BaseException as exc:
        transport._fatal_error(exc, message)
    finally:
        # The traceback of the exception refers to this frame.
        del transport, failure


def report_fatal_write(transport: StreamTransport, failure: BaseException, lost_writes: int) -> None:
    """End the connection because sending failed.

    There are ``lost_writes`` besides, which would have been known to be lost if sending had not been put off.
    """
    waiter = getattr(transport, "_empty_waiter", None)
    report_fatal(transport, failure, f"Fatal write error on {transport._medium} transport")
    if waiter is not None and not waiter.done():
        waiter.set_exception(failure)
    for _ in range(lost_writes):
        transport._count_lost_write()


def _report_protocol(transport: FlowLimits, failure: BaseException, message: str) -> None:
    """Report an exception out of ``pause_writing`` or ``resume_writing``, which harms nobody."""
    transport._loop.call_exception_handler(
        {"message": message, "exception": failure, "transport": transport, "protocol": transport._protocol}
    )


def report_failed_connection(acceptor: Acceptor, failure: BaseException, protocol: asyncio.BaseProtocol | None) -> None:
    """Report, in debug mode only, why an accepted connection is not served."""
    if acceptor.loop.get_debug():
        context: dict[str, Any] = {
            "message": "Error on transport creation for incoming connection",
            "exception": failure,
        }
        if protocol is not None:
            context["protocol"] = protocol
        acceptor.loop.call_exception_handler(context)


def report_failed_accept(acceptor: Acceptor, failure: BaseException, _: None) -> None:
    """Report why no connection can be accepted; for want of resources, try again after a while."""
    loop, sock = acceptor.loop, acceptor.sock
    if isinstance(failure, OSError) and failure.errno in _OUT_OF_RESOURCES:
        loop.call_exception_handler(
            {
                "message": "socket.accept() out of system resource",
                "exception": failure,
                "socket": _TransportSocket(sock),
            }
        )
        # The kernel goes on reporting the socket as ready.
        loop._remove_reader(sock.fileno())
        loop.call_later(
            constants.ACCEPT_RETRY_DELAY,
            loop._start_serving,
            acceptor.factory,
            sock,
            None,
            acceptor.server,
            acceptor.backlog,
            constants.SSL_HANDSHAKE_TIMEOUT,
            constants.SSL_SHUTDOWN_TIMEOUT,
            acceptor.server_context,
            context=acceptor.context,
        )
    else:
        report_source(loop, failure, acceptor)


def refuse_write(transport: StreamTransport | WritePipeTransport, data: object) -> NoReturn:
    """Raise what this version of asyncio raises for data of a wrong type."""
    if transport._medium == "socket":
        SelectorSocketTransport.write(transport, data)
    raise AssertionError(repr(data))


def write_joined(transport: StreamTransport | WritePipeTransport, lines: Iterable[bytes]) -> None:
    """Write lines as asyncio does where its transport has no method of its own for that."""
    transport.write(b"".join(lines))


def warn_of_lost_write(transport: StreamTransport | WritePipeTransport) -> None:
    """Log that a program goes on writing to a connection or a pipe that has ended."""
    logger.warning(transport._lost_write)


def peer_closed(transport: ReadPipeTransport | WritePipeTransport) -> None:
    """End the transport of a pipe, as nobody is at the other end any more."""
    transport._peer_closed()


def widen(transport: ReadPipeTransport | WritePipeTransport) -> None:
    """Let a pipe hold more, if the system permits."""
    transport._widen()


def warn_of_unclosed(transport: FlowLimits) -> None:
    """Warn that a transport was dropped with its connection open."""
    warnings.warn(f"unclosed transport {transport!r}", ResourceWarning, source=transport, stacklevel=2)


def end_empty_waiter(transport: StreamTransport) -> None:
    """Tell whoever waits for the write buffer to become empty that it is; a cancelled ``sendfile`` waits no more."""
    if transport._empty_waiter is not None and not transport._empty_waiter.done():
        transport._empty_waiter.set_result(None)


def fail_empty_waiter(transport: StreamTransport) -> None:
    """Tell whoever waits for the write buffer to become empty that the connection is over."""
    if transport._empty_waiter is not None and not transport._empty_waiter.done():
        transport._empty_waiter.set_exception(ConnectionError("Connection is closed by peer"))


def log_event(transport: StreamTransport, message: str) -> None:
    """Log what happens to a transport, in debug mode."""
    logger.debug(message, transport)
