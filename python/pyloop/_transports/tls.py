"""TLS: asyncio's own protocol, with less to do for a message and without a buffer for every connection."""

from __future__ import annotations

import asyncio
import weakref

from pyloop import _stock

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from contextvars import Context
    from typing import Any

_sslproto = _stock.sslproto
_AGAIN = getattr(_sslproto, "SSLAgainErrors", ())  # not there in a Python without ssl
_WRAPPED = _sslproto.SSLProtocolState.WRAPPED
_RECORD = 1 << 14  # the most that is in a record, and so the most that SSL_read returns at once (RFC 8446, 5.1)

# By loop: what is received is handed on before anything else is.
_buffers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, bytearray] = weakref.WeakKeyDictionary()


def adopt(transport: asyncio.Transport | None) -> None:
    """Make a TLS transport that asyncio's code has made one of those that this module speeds up, if it is asyncio's."""
    protocol: Any = getattr(transport, "_ssl_protocol", None)
    if type(protocol) is _sslproto.SSLProtocol:
        protocol.__class__ = SSLProtocol
        protocol._share_buffer()


def hand_over(loop: asyncio.AbstractEventLoop, transport: Any, protocol: asyncio.BaseProtocol) -> None:
    """Have a client's first TLS records, which its server's reader may hold already, reach TLS as it is started.

    They came in the same packet as the client's last words without TLS. From CPython 3.15 on asyncio moves them itself.
    """
    if isinstance(protocol, asyncio.StreamReaderProtocol):
        loop.call_soon(_move, transport, protocol)


def _move(transport: Any, protocol: Any) -> None:
    """Move what the reader holds, before asyncio's code begins the handshake in the next callback."""
    tls = transport.get_protocol()
    reader = protocol._stream_reader
    if isinstance(tls, _sslproto.SSLProtocol) and tls._app_protocol is protocol and reader is not None:
        tls._incoming.write(reader._buffer)
        reader._buffer.clear()


def _context_of(transport: Any) -> Context | None:
    """Return the context in which a transport calls its protocol, if it is of PyLoop's, or is TLS over such a one."""
    while (tls := getattr(transport, "_ssl_protocol", None)) is not None:
        transport = tls._transport
    return getattr(transport, "_read_context", None)


class SSLProtocol(_stock.SSLProtocol):
    """What asyncio's class is, call by call and error by error.

    What it overrides leaves out only what has no effect: reading again from a ``MemoryBIO`` that is empty, handing on
    what was not produced, comparing sizes that are within their limits. And what was kept while reading was paused is
    delivered in a copy of the connection's context, not of that of whoever resumes.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *args: Any, **kwargs: Any) -> None:
        self.max_size = 0  # of the buffer that asyncio's code makes now
        super().__init__(loop, *args, **kwargs)
        del self.max_size
        self._share_buffer()

    def _share_buffer(self) -> None:
        buffer = _buffers.get(self._loop)
        if buffer is None:
            buffer = _buffers[self._loop] = bytearray(self.max_size)
        self._ssl_buffer = buffer
        self._ssl_buffer_view = memoryview(buffer)
        ssl = _sslproto.ssl
        # A class of the program's own may keep back what its read() was not asked for.
        self._reads_records = type(self._sslobj).read is ssl.SSLObject.read

    def get_buffer(self, n: int) -> memoryview:
        return self._ssl_buffer_view

    def buffer_updated(self, nbytes: int) -> None:
        if self._state is _WRAPPED:
            self._incoming.write(self._ssl_buffer_view[:nbytes])
            self._do_read()
        else:
            super().buffer_updated(nbytes)

    def _do_read(self) -> None:
        if self._state is not _WRAPPED or self._app_reading_paused or self._app_protocol_is_buffer:
            super()._do_read()
            return
        try:
            self._do_read__copied()
            if self._write_backlog:
                self._do_write()
            else:
                self._process_outgoing()
            if self._ssl_reading_paused or self._incoming.pending >= self._incoming_high_water:
                self._control_ssl_reading()
        except Exception as error:  # as asyncio does
            self._fatal_error(error, "Fatal error on SSL protocol")

    def _do_read__copied(self) -> None:
        if not self._reads_records:
            super()._do_read__copied()
            return
        read, incoming = self._sslobj.read, self._incoming
        rest = None
        try:
            data = read(_RECORD)
        except _AGAIN:
            return
        closed = not data
        try:
            while incoming.pending and not closed:
                if chunk := read(_RECORD):
                    rest = rest or [data]
                    rest.append(chunk)
                else:
                    closed = True
        except _AGAIN:
            pass
        if data:
            self._app_protocol.data_received(b"".join(rest) if rest else data)
        if closed:
            self._call_eof_received()
            self._start_shutdown()

    def _resume_reading(self) -> None:
        context = _context_of(self._transport)
        if context is None:
            super()._resume_reading()
        else:
            # A copy can be entered also by who is called in the context.
            context.copy().run(super()._resume_reading)

    def _process_outgoing(self) -> None:
        outgoing = self._outgoing
        if outgoing.pending and not self._ssl_writing_paused:
            self._transport.write(outgoing.read())
        if self._app_writing_paused or outgoing.pending + self._write_buffer_size >= self._outgoing_high_water:
            self._control_app_writing()


# In messages and logs it is asyncio's.
SSLProtocol.__module__ = _sslproto.SSLProtocol.__module__
