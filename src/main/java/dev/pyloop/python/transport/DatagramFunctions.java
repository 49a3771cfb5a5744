package dev.pyloop.python.transport;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.python.loop.Errands;
import dev.pyloop.python.names.Imports;
import dev.pyloop.python.names.Stock;

/**
 * The functions of {@code pyloop._for_engine.datagram_callbacks}, and asyncio's own: what datagram transports do rarely.
 *
 * <p>They run code of the program's, so all are {@link Errands}. Guarded by the GIL.
 */
final class DatagramFunctions {
    private static final String MODULE = "pyloop._for_engine.datagram_callbacks";

    private static final @Borrowed long REPORT_ERROR = Imports.attribute(MODULE, "report_error");
    private static final @Borrowed long REPORT_READ_ERROR = Imports.attribute(MODULE, "report_read_error");
    private static final @Borrowed long REPORT_DEFERRED = Imports.attribute(MODULE, "report_deferred_error");
    private static final @Borrowed long REPORT_READER = Imports.attribute(MODULE, "report_failed_reader");
    private static final @Borrowed long SEND = Imports.attribute(MODULE, "send");
    private static final @Borrowed long SEND_CALLED = Imports.attribute(MODULE, "send_called");
    private static final @Borrowed long SEND_DEFERRED = Imports.attribute(MODULE, "send_deferred");

    static final @Borrowed long DATAGRAM_RECEIVED = Objects.intern("datagram_received");

    private DatagramFunctions() {}

    /** Looks the functions up: not to be done with an exception pending. */
    static void prepare() {
        Errands.prepare();
        assert SEND_DEFERRED != Objects.NULL && DATAGRAM_RECEIVED != Objects.NULL;
    }

    /** Tells the protocol of an error of the system's. */
    static void reportError(Transport transport, int errno) {
        addWithError(REPORT_ERROR, transport, errno);
    }

    /** Tells the protocol of an error that came in the place of a datagram; its own failure is reported. */
    static void reportReadError(Transport transport, int errno) {
        addWithError(REPORT_READ_ERROR, transport, errno);
    }

    /** Tells the protocol of an error with a datagram that was sent before; its own failure is reported. */
    static void reportDeferredError(Transport transport, int errno) {
        addWithError(REPORT_DEFERRED, transport, errno);
    }

    /** Reports the pending exception as that of the callback that reads, unless it leaves the loop. */
    static void reportFailedReader(Transport transport) {
        transport.loop().addReport(REPORT_READER, transport.self(), Objects.NONE);
    }

    /** {@code _SelectorDatagramTransport.sendto(transport, …)}, at once, for a transport whose engine's side is gone. */
    static @Owned long send(@Borrowed long transport, long arguments, long count, @Borrowed long names) {
        return Stock.call(SEND, transport, arguments, count, names);
    }

    /** {@code _SelectorDatagramTransport.sendto(transport, …)}. */
    static void send(Transport transport, long arguments, long count, @Borrowed long names) {
        long keywords = names == Objects.NULL ? 0 : Tuples.size(names);
        @Owned long values = Tuples.copyOf(arguments, count + keywords);
        try {
            transport
                    .loop()
                    .addErrand(SEND_CALLED, transport.self(), values, names == Objects.NULL ? Tuples.EMPTY : names);
        } finally {
            References.release(values);
        }
    }

    /** As {@link #send}, of a datagram that the program sent before; failures are reported. */
    static void sendDeferred(Transport transport, @Borrowed long data, @Borrowed long destination) {
        transport.loop().addErrand(SEND_DEFERRED, transport.self(), data, destination);
    }

    private static void addWithError(long function, Transport transport, int errno) {
        Errors.setOsError(errno);
        @Owned long exception = Errors.take();
        try {
            transport.loop().addErrand(function, transport.self(), exception);
        } finally {
            References.release(exception);
        }
    }
}
