package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;

/**
 * The functions of {@code pyloop._datagram_callbacks}, and asyncio's own: what datagram transports do rarely.
 *
 * <p>Each may raise. Guarded by the GIL.
 */
final class DatagramSide {
    private static final String MODULE = "pyloop._datagram_callbacks";

    private static final @Borrowed long REPORT_ERROR = Imports.attribute(MODULE, "report_error");
    private static final @Borrowed long REPORT_DEFERRED = Imports.attribute(MODULE, "report_deferred_error");
    private static final @Borrowed long REPORT_READER = Imports.attribute(MODULE, "report_failed_reader");
    private static final @Borrowed long SEND = Imports.attribute(MODULE, "send");
    private static final @Borrowed long SEND_DEFERRED = Imports.attribute(MODULE, "send_deferred");

    static final @Borrowed long DATAGRAM_RECEIVED = Objects.intern("datagram_received");

    private DatagramSide() {}

    /** Looks the functions up: not to be done with an exception pending. */
    static void prepare() {
        assert SEND_DEFERRED != Objects.NULL && DATAGRAM_RECEIVED != Objects.NULL;
    }

    /** Tells the protocol of an error of the system's. */
    static void reportError(@Borrowed long transport, int errno) {
        callWithError(REPORT_ERROR, transport, errno);
    }

    /** Tells the protocol of an error with a datagram that was sent before; its own failure is reported. */
    static void reportDeferredError(@Borrowed long transport, int errno) {
        callWithError(REPORT_DEFERRED, transport, errno);
    }

    /** Reports the pending exception as that of the callback that reads, unless it leaves the loop. */
    static void reportFailedReader(@Borrowed long transport) {
        if (Errors.pendingLeavesLoop()) {
            throw PythonException.PENDING;
        }
        long exception = Errors.take();
        try {
            References.release(Calls.callWith(REPORT_READER, transport, exception));
        } finally {
            References.release(exception);
        }
    }

    /** {@code _SelectorDatagramTransport.sendto(transport, …)}. */
    static @Owned long send(@Borrowed long transport, long arguments, long count, @Borrowed long names) {
        return Stock.call(SEND, transport, arguments, count, names);
    }

    /** As {@link #send}, of a datagram that the program sent before; failures are reported. */
    static void sendDeferred(@Borrowed long transport, @Borrowed long data, @Borrowed long destination) {
        References.release(Calls.callWith(SEND_DEFERRED, transport, data, destination));
    }

    private static void callWithError(long function, long transport, int errno) {
        Errors.setOsError(errno);
        long exception = Errors.take();
        try {
            References.release(Calls.callWith(function, transport, exception));
        } finally {
            References.release(exception);
        }
    }
}
