"""What datagram transports ask Python to do on their behalf: asyncio's own sending, and reports of failures."""

from __future__ import annotations

import asyncio

from pyloop._stock import SelectorDatagramTransport

from .callbacks import report_failure

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyloop._transports.datagrams import DatagramTransport

send: Callable[..., None] = SelectorDatagramTransport.sendto


def report_error(transport: DatagramTransport, failure: OSError) -> None:
    """Tell the protocol of an error of the system's.

    The exception is raised, so that ``sys.exc_info()`` in the protocol is what it is in asyncio.
    """
    try:
        raise failure
    except OSError as exc:
        transport._protocol.error_received(exc)
    finally:
        # The traceback of the exception refers to this frame.
        del transport, failure


def report_read_error(transport: DatagramTransport, failure: OSError) -> None:
    """Tell the protocol of an error that came in the place of a datagram; failures of the protocol's are reported."""
    _report_error_for(transport._read_ready, transport, failure)


def report_deferred_error(transport: DatagramTransport, failure: OSError) -> None:
    """Tell the protocol that a datagram was not sent; the caller of ``sendto`` is gone, so failures are reported."""
    _report_error_for(transport.sendto, transport, failure)


def _report_error_for(callback: Callable[..., object], transport: DatagramTransport, failure: OSError) -> None:
    """Tell the protocol of an error; failures of the protocol's are reported as those of a callback."""
    try:
        report_error(transport, failure)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as exc:
        _report(transport, callback, exc)
    finally:
        del transport, failure


def send_called(transport: DatagramTransport, values: tuple[Any, ...], names: tuple[str, ...]) -> None:
    """Send a datagram as asyncio does, with the arguments of a call: those by keyword are the last."""
    count = len(values) - len(names)
    send(transport, *values[:count], **dict(zip(names, values[count:], strict=True)))


def send_deferred(transport: DatagramTransport, data: bytes, address: Any) -> None:
    """Send a datagram as asyncio does; failures of the protocol's are reported, as above."""
    try:
        send(transport, data, address)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as exc:
        _report(transport, transport.sendto, exc)


def report_failed_reader(transport: DatagramTransport, failure: BaseException, _: None) -> None:
    """Report an exception out of ``datagram_received`` or ``error_received``."""
    _report(transport, transport._read_ready, failure)


def _report(transport: DatagramTransport, callback: Callable[..., object], failure: BaseException) -> None:
    loop = transport._loop
    report_failure(asyncio.Handle(callback, (), loop), failure)
