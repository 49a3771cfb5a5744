package dev.pyloop.python.transport;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.python.loop.Errands;
import dev.pyloop.python.loop.LoopObject;
import dev.pyloop.python.names.Imports;
import dev.pyloop.python.names.StreamMessages;

/**
 * The functions of {@code pyloop._for_engine.stream_callbacks}: what transports do rarely, and what protocols are called for rarely.
 *
 * <p>They run code of the program's, so all are {@link Errands}. Guarded by the GIL.
 */
final class StreamFunctions {
    private static final String MODULE = "pyloop._for_engine.stream_callbacks";

    private static final long REPORT_FATAL = Imports.attribute(MODULE, "report_fatal");
    private static final long REPORT_FATAL_WRITE = Imports.attribute(MODULE, "report_fatal_write");
    private static final long REPORT_CONNECTION = Imports.attribute(MODULE, "report_failed_connection");
    private static final long REPORT_ACCEPT = Imports.attribute(MODULE, "report_failed_accept");
    private static final long ABANDON = Imports.attribute(MODULE, "abandon");
    private static final long RECEIVE_EOF = Imports.attribute(MODULE, "receive_eof");
    private static final long PAUSE_WRITING = Imports.attribute(MODULE, "pause_writing");
    private static final long RESUME_WRITING = Imports.attribute(MODULE, "resume_writing");
    private static final long LOSE_CONNECTION = Imports.attribute(MODULE, "lose_connection");
    private static final long REFUSE_WRITE = Imports.attribute(MODULE, "refuse_write");
    private static final long WRITE_COPY = Imports.attribute(MODULE, "write_copy");
    private static final long WRITE_COPIES = Imports.attribute(MODULE, "write_copies");
    private static final long WARN_LOST_WRITE = Imports.attribute(MODULE, "warn_of_lost_write");
    private static final long END_WAITER = Imports.attribute(MODULE, "end_empty_waiter");
    private static final long VIEW = Imports.attribute(MODULE, "view_of");
    private static final long EMPTY_BUFFER = Imports.attribute(MODULE, "EMPTY_BUFFER");
    private static final long PEER_CLOSED = Imports.attribute(MODULE, "peer_closed");
    private static final long WIDEN = Imports.attribute(MODULE, "widen");
    private static final long WRITE_JOINED = Imports.attribute(MODULE, "write_joined");
    private static final long LOG_EVENT = Imports.attribute(MODULE, "log_event");

    private StreamFunctions() {}

    /** Looks the functions up: not to be done with an exception pending, which is when most are needed. */
    static void prepare() {
        Errands.prepare();
        assert LOG_EVENT != Objects.NULL && StreamMessages.READ != Objects.NULL;
    }

    /** Ends the connection because of the pending exception, unless that leaves the loop. */
    static void failConnection(Transport transport, @Borrowed long message) {
        transport.loop().addReport(REPORT_FATAL, transport.self(), message);
    }

    /** Ends the connection because sending failed with the pending exception, and so many writes are lost besides. */
    static void failWrite(Transport transport, int lostWrites) {
        @Owned long number = Numbers.fromLong(lostWrites);
        try {
            transport.loop().addReport(REPORT_FATAL_WRITE, transport.self(), number);
        } finally {
            References.release(number);
        }
    }

    /** Reports the pending exception, which kept an accepted connection from being served, where asyncio does. */
    static void reportConnection(LoopObject loop, @Borrowed long acceptor, @Borrowed long protocolOrNone) {
        loop.addReport(REPORT_CONNECTION, acceptor, protocolOrNone);
    }

    /** Stops accepting for a while if the pending exception is for want of resources, and reports it. */
    static void reportAccept(LoopObject loop, @Borrowed long acceptor) {
        loop.addReport(REPORT_ACCEPT, acceptor, Objects.NONE);
    }

    /** Gives everything up that a transport has, of which nobody knows yet. */
    static void abandon(LoopObject loop, @Borrowed long transport) {
        loop.addErrand(ABANDON, transport);
    }

    /** Tells the protocol that there is nothing more to read. */
    static void receiveEof(Transport transport) {
        transport.loop().addErrand(RECEIVE_EOF, transport.self());
    }

    /** Asks the protocol to pause writing. */
    static void pauseWriting(Transport transport) {
        transport.loop().addErrand(PAUSE_WRITING, transport.self());
    }

    /** Asks the protocol to resume writing, and goes on with that. */
    static void resumeWriting(Transport transport) {
        transport.loop().addErrand(RESUME_WRITING, transport.self());
    }

    /** Tells the protocol that the connection is over, as all is sent. */
    static void connectionLost(Transport transport) {
        transport.loop().addErrand(LOSE_CONNECTION, transport.self());
    }

    /** Raises the TypeError for data of a wrong type. */
    static void refuseWrite(Transport transport, @Borrowed long data) {
        transport.loop().addErrand(REFUSE_WRITE, transport.self(), data);
    }

    /** Writes a copy of data that may be of a class of the program's. */
    static void writeCopy(Transport transport, @Borrowed long data) {
        transport.loop().addErrand(WRITE_COPY, transport.self(), data);
    }

    /** Writes a copy of lines that may come from code of the program's. */
    static void writeCopies(Transport transport, @Borrowed long lines) {
        transport.loop().addErrand(WRITE_COPIES, transport.self(), lines);
    }

    /** Joins lines and writes them by the method that the transport has. */
    static void writeJoined(Transport transport, @Borrowed long lines) {
        transport.loop().addErrand(WRITE_JOINED, transport.self(), lines);
    }

    /** Warns that the program goes on writing to a connection that has ended. */
    static void warnLostWrite(Transport transport) {
        transport.loop().addErrand(WARN_LOST_WRITE, transport.self());
    }

    /** Ends the wait for an empty buffer. */
    static void endEmptyWaiter(Transport transport) {
        transport.loop().addErrand(END_WAITER, transport.self());
    }

    /** Ends the transport of a pipe, as nobody is at the other end. */
    static void peerClosed(Transport transport) {
        transport.loop().addErrand(PEER_CLOSED, transport.self());
    }

    /** Lets a pipe hold more, if the system permits. */
    static void widen(Transport transport) {
        transport.loop().addErrand(WIDEN, transport.self());
    }

    /** Returns the function that makes a view of what a protocol provides to read into. */
    static @Borrowed long viewer() {
        return VIEW;
    }

    /** Sets the error for a protocol that returns a buffer without room. */
    static void setEmptyBuffer() {
        Errors.restore(References.retain(EMPTY_BUFFER));
    }

    /** Logs, in debug mode, what happens to a transport. */
    static void logEvent(Transport transport, @Borrowed long format) {
        transport.loop().addErrand(LOG_EVENT, transport.self(), format);
    }
}
