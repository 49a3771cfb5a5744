package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;

/**
 * The functions of {@code pyloop._stream_callbacks}: what transports do rarely. Each may raise.
 *
 * <p>Guarded by the GIL.
 */
final class StreamSide {
    private static final String MODULE = "pyloop._stream_callbacks";

    private static final long REPORT_FATAL = Imports.attribute(MODULE, "report_fatal");
    private static final long REPORT_FATAL_WRITE = Imports.attribute(MODULE, "report_fatal_write");
    private static final long REPORT_PROTOCOL = Imports.attribute(MODULE, "report_protocol_failure");
    private static final long REPORT_CALLBACK = Imports.attribute(MODULE, "report_callback_failure");
    private static final long REPORT_CONNECTION = Imports.attribute(MODULE, "report_failed_connection");
    private static final long REPORT_ACCEPT = Imports.attribute(MODULE, "report_failed_accept");
    private static final long REFUSE_WRITE = Imports.attribute(MODULE, "refuse_write");
    private static final long WARN_LOST_WRITE = Imports.attribute(MODULE, "warn_of_lost_write");
    private static final long WARN_UNCLOSED = Imports.attribute(MODULE, "warn_of_unclosed");
    private static final long FAIL_WAITER = Imports.attribute(MODULE, "fail_empty_waiter");
    private static final long END_WAITER = Imports.attribute(MODULE, "end_empty_waiter");
    private static final long EMPTY_BUFFER = Imports.attribute(MODULE, "EMPTY_BUFFER");
    private static final long PEER_CLOSED = Imports.attribute(MODULE, "peer_closed");
    private static final long WIDEN = Imports.attribute(MODULE, "widen");
    private static final long WRITE_JOINED = Imports.attribute(MODULE, "write_joined");
    private static final long LOG_EVENT = Imports.attribute(MODULE, "log_event");

    private StreamSide() {}

    /** Looks the functions up: not to be done with an exception pending, which is when most are needed. */
    static void prepare() {
        assert LOG_EVENT != Objects.NULL && StreamMessages.READ != Objects.NULL;
    }

    /** Ends the connection because of the pending exception, unless that leaves the loop. */
    static void failConnection(@Borrowed long transport, @Borrowed long message) {
        report(REPORT_FATAL, transport, message);
    }

    /** Ends the connection because sending failed with the pending exception. */
    static void failWrite(@Borrowed long transport) {
        report(REPORT_FATAL_WRITE, transport, Objects.NONE);
    }

    /** Reports the pending exception, of a call that may fail without harm to the connection. */
    static void reportProtocol(@Borrowed long transport, @Borrowed long message) {
        report(REPORT_PROTOCOL, transport, message);
    }

    /** Reports the pending exception as that of a callback of {@code loop}'s that was none of the program's. */
    static void reportCallback(@Borrowed long loop, @Borrowed long source) {
        report(REPORT_CALLBACK, loop, source);
    }

    /** Reports the pending exception, which kept an accepted connection from being served, where asyncio does. */
    static void reportConnection(@Borrowed long acceptor, @Borrowed long protocolOrNone) {
        report(REPORT_CONNECTION, acceptor, protocolOrNone);
    }

    /** Stops accepting for a while if the pending exception is for want of resources, and reports it. */
    static void reportAccept(@Borrowed long acceptor) {
        report(REPORT_ACCEPT, acceptor, Objects.NONE);
    }

    /** Raises the TypeError for data of a wrong type. */
    static void refuseWrite(@Borrowed long transport, @Borrowed long data) {
        References.release(Calls.callWith(REFUSE_WRITE, transport, data));
    }

    /** Joins lines and writes them by the method that the transport has. */
    static void writeJoined(@Borrowed long transport, @Borrowed long lines) {
        References.release(Calls.callWith(WRITE_JOINED, transport, lines));
    }

    /** Warns that the program goes on writing to a connection that has ended. */
    static void warnLostWrite(@Borrowed long transport) {
        References.release(Calls.call(WARN_LOST_WRITE, transport));
    }

    /** Warns that a transport was dropped open. */
    static void warnUnclosed(@Borrowed long transport) {
        References.release(Calls.call(WARN_UNCLOSED, transport));
    }

    /** Tells whoever waits for the buffer to be empty that it will not be. */
    static void failEmptyWaiter(@Borrowed long transport) {
        References.release(Calls.call(FAIL_WAITER, transport));
    }

    /** Tells whoever waits for the buffer to be empty that it is. */
    static void endEmptyWaiter(@Borrowed long transport) {
        References.release(Calls.call(END_WAITER, transport));
    }

    /** Ends the transport of a pipe, as nobody is at the other end. */
    static void peerClosed(@Borrowed long transport) {
        References.release(Calls.call(PEER_CLOSED, transport));
    }

    /** Lets a pipe hold more, if the system permits. */
    static void widen(@Borrowed long transport) {
        References.release(Calls.call(WIDEN, transport));
    }

    /** Raises the error for a protocol that returns a buffer without room. */
    static PythonException emptyBuffer() {
        Errors.restore(References.retain(EMPTY_BUFFER));
        return PythonException.PENDING;
    }

    /** Logs, in debug mode, what happens to a transport. */
    static void logEvent(@Borrowed long transport, @Borrowed long format) {
        References.release(Calls.callWith(LOG_EVENT, transport, format));
    }

    private static void report(long function, long first, long second) {
        if (Errors.pendingLeavesLoop()) {
            throw PythonException.PENDING;
        }
        long exception = Errors.take();
        try {
            References.release(Calls.callWith(function, first, exception, second));
        } finally {
            References.release(exception);
        }
    }
}
