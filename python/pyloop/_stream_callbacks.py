"""What transports ask Python to do on their behalf: reports of failures, as asyncio words them."""

from __future__ import annotations

import errno
import warnings

from ._stock import SelectorSocketTransport, Server, constants, logger
from ._stock import TransportSocket as _TransportSocket

TYPE_CHECKING = False  # not from typing, which is dear to import
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable
    from typing import Any, NoReturn

    from ._pipes import ReadPipeTransport, WritePipeTransport
    from ._streams import Acceptor, StreamTransport

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


def report_fatal_write(transport: StreamTransport, failure: BaseException, _: None) -> None:
    """End the connection because sending failed."""
    waiter = getattr(transport, "_empty_waiter", None)
    report_fatal(transport, failure, f"Fatal write error on {transport._medium} transport")
    if waiter is not None and not waiter.done():
        waiter.set_exception(failure)


def report_protocol_failure(transport: StreamTransport, failure: BaseException, message: str) -> None:
    """Report an exception out of ``pause_writing`` or ``resume_writing``, which harms nobody."""
    try:
        raise failure  # noqa: TRY301 - as above
    except BaseException as exc:
        transport._loop.call_exception_handler(
            {"message": message, "exception": exc, "transport": transport, "protocol": transport._protocol}
        )
    finally:
        del transport, failure


def report_callback_failure(loop: Any, failure: BaseException, source: object) -> None:
    """Report an exception out of what the loop itself does for a transport or an acceptor."""
    try:
        raise failure  # noqa: TRY301 - as above
    except BaseException as exc:
        loop.call_exception_handler({"message": f"Exception in callback of {source!r}", "exception": exc})
    finally:
        del loop, failure, source


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
        )
    else:
        report_callback_failure(loop, failure, acceptor)


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


def warn_of_unclosed(transport: StreamTransport) -> None:
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
