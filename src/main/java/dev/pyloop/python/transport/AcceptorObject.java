package dev.pyloop.python.transport;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Contexts;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Types;
import dev.pyloop.python.loop.LoopObject;
import dev.pyloop.python.loop.Sources;
import dev.pyloop.python.loop.Turn;
import dev.pyloop.python.names.AcceptorLayout;
import dev.pyloop.python.names.StreamLayout;
import dev.pyloop.python.names.StreamNames;
import dev.pyloop.reactor.Interest;
import dev.pyloop.transport.Acceptor;

/**
 * The Java object that accepts connections from one listening socket of a server.
 *
 * <p>A connection gets its protocol and transport in the iteration after the one that accepted it, as in asyncio, where a
 * task does that. Owned by the Python object, whose address it borrows. Guarded by the GIL.
 */
final class AcceptorObject {
    /** {@code pyloop._transports.streams.StreamTransport}, which is derived from a type of ours; set when the first is made. */
    private static @Borrowed long transportType = Objects.NULL;

    private static final Turn.Step MADE = AcceptorObject::made;
    private static final Turn.Step CONNECTED = AcceptorObject::connected;

    private final @Borrowed long self;
    private final LoopObject loop;
    private final Acceptor acceptor;
    /** Whether everything of a connection happens in one context, as from CPython 3.15 on. */
    private final boolean ownContexts;

    AcceptorObject(@Borrowed long self, LoopObject loop, int listener, int limit, boolean ownContexts) {
        this.self = self;
        this.loop = loop;
        this.ownContexts = ownContexts;
        acceptor = new Acceptor(loop.transports().streamIo(), listener, limit);
    }

    /** Starts to accept; the loop keeps this object alive until the descriptor is not watched any more. */
    void start() {
        int result = loop.transports().streamIo().watch(acceptor.listener(), Interest.READ, self | Sources.ACCEPT);
        if (result < 0) {
            throw PythonException.osError(-result);
        }
    }

    /** Accepts what waits to be. */
    void acceptable() {
        if (loop.engine().readiness().watcher(acceptor.listener(), Interest.READ) != (self | Sources.ACCEPT)) {
            return;
        }
        int result = acceptor.accept(this::arrived);
        if (result < 0) {
            Errors.setOsError(-result);
            StreamFunctions.reportAccept(loop, self);
        }
    }

    /** Serves the connection whose turn it is; asks for a call of the factory of protocols. */
    boolean accepted(Turn turn) {
        Acceptor.Connection connection = acceptor.next();
        if (connection == null) {
            // A program's call_soon() has queued this turn and then failed.
            return false;
        }
        @Owned long context = enterContext(connection);
        turn.entered(context);
        try {
            turn.source = new Arrival(this, connection, ownContexts ? context : Objects.NULL);
        } catch (OutOfMemoryError e) {
            close(connection);
            throw e;
        }
        turn.callFunction(AcceptorLayout.get(self, AcceptorLayout.FACTORY), Objects.NULL, Objects.NULL, MADE);
        return true;
    }

    /** Closes the connections that were accepted and will have no turn. */
    void dispose() {
        acceptor.close();
    }

    private void arrived() {
        loop.queueSource(self, Sources.ACCEPTED);
    }

    /** Enters a copy of the context that the server was started in: callbacks of one connection see nothing of another's. */
    private @Owned long enterContext(Acceptor.Connection connection) {
        long context = Objects.NULL;
        boolean entered = false;
        try {
            context = Contexts.copyOf(AcceptorLayout.get(self, AcceptorLayout.CONTEXT));
            entered = Contexts.tryEnter(loop.threadState(), context);
        } finally {
            if (!entered) {
                close(connection);
                References.releaseUnlessNull(context);
            }
        }
        if (!entered) {
            throw PythonException.PENDING;
        }
        return context;
    }

    /** Closes a connection that has no transport. */
    private void close(Acceptor.Connection connection) {
        loop.transports().streamIo().calls().close(connection.descriptor());
    }

    private static boolean made(Turn turn, @Owned long protocol) {
        Arrival arrival = Arrival.of(turn);
        return arrival.acceptor.made(turn, arrival, protocol);
    }

    private static boolean connected(Turn turn, @Owned long connectionMade) {
        Arrival arrival = Arrival.of(turn);
        return arrival.acceptor.connected(turn, arrival, connectionMade);
    }

    private boolean made(Turn turn, Arrival arrival, @Owned long protocol) {
        Acceptor.Connection connection = arrival.connection;
        if (protocol == Objects.NULL) {
            close(connection);
            StreamFunctions.reportConnection(loop, self, Objects.NONE);
            return false;
        }
        long transport = allocateTransport();
        if (transport == Objects.NULL) {
            close(connection);
            report(protocol);
            References.release(protocol);
            return false;
        }
        turn.kept = transport;
        try {
            connect(transport, protocol, connection, arrival.context);
        } catch (PythonException | OutOfMemoryError e) {
            Errors.raise(e);
            fail(turn, connection, protocol);
            References.release(protocol);
            return false;
        }
        turn.getAttribute(protocol, StreamNames.CONNECTION_MADE, CONNECTED);
        // The transport has it.
        References.release(protocol);
        return true;
    }

    private boolean connected(Turn turn, Arrival arrival, @Owned long connectionMade) {
        long transport = turn.kept;
        try {
            Errors.check(connectionMade);
            loop.callSoon(connectionMade, transport, arrival.context);
            Streams.get(transport).startReadingSoon();
            turn.releaseKept();
        } catch (PythonException | OutOfMemoryError e) {
            Errors.raise(e);
            fail(turn, arrival.connection, StreamLayout.get(transport, StreamLayout.PROTOCOL));
        } finally {
            References.releaseUnlessNull(connectionMade);
        }
        return false;
    }

    /** Gives up what there is of a connection, because of the pending exception. */
    private void fail(Turn turn, Acceptor.Connection connection, @Borrowed long protocol) {
        @Owned long exception = Errors.take();
        if (Streams.find(turn.kept) == null) {
            close(connection);
        } else {
            StreamFunctions.abandon(loop, turn.kept);
        }
        turn.releaseKept();
        Errors.restore(exception);
        report(protocol);
    }

    private void report(@Borrowed long protocol) {
        StreamFunctions.reportConnection(loop, self, protocol);
    }

    /** Returns a transport that is not open yet; NULL, with the error pending, if there is no memory for it. */
    private static @Owned long allocateTransport() {
        try {
            long transport = Types.allocateUntracked(transportType());
            Types.track(transport);
            return transport;
        } catch (PythonException e) {
            Errors.raise(e);
            return Objects.NULL;
        }
    }

    private static @Borrowed long transportType() {
        if (transportType == Objects.NULL) {
            long module = Objects.importModule("pyloop._transports.streams");
            try {
                transportType = Objects.getAttribute(module, "StreamTransport");
            } finally {
                References.release(module);
            }
        }
        return transportType;
    }

    private void connect(long transport, long protocol, Acceptor.Connection connection, @Borrowed long context) {
        StreamObject stream = Streams.open(transport, loop, connection.descriptor(), StreamKind.SOCKET);
        stream.setAddresses(connection.peer(), connection.local());
        if (context != Objects.NULL) {
            StreamLayout.set(transport, StreamLayout.CONTEXT, References.retain(context));
        }
        stream.setProtocol(protocol);
        long loopObject = AcceptorLayout.get(self, AcceptorLayout.LOOP);
        StreamLayout.set(transport, StreamLayout.LOOP, References.retain(loopObject));
        long server = AcceptorLayout.get(self, AcceptorLayout.SERVER);
        if (server != Objects.NONE) {
            Streams.attach(server, transport);
        }
        StreamLayout.set(transport, StreamLayout.SERVER, References.retain(server));
    }

    /** A connection in its turn; with the turn's context if all of it is to happen in that, else NULL. */
    private record Arrival(
            AcceptorObject acceptor,
            Acceptor.Connection connection,
            @Borrowed long context) {
        static Arrival of(Turn turn) {
            if (turn.source instanceof Arrival arrival) {
                return arrival;
            }
            throw new IllegalStateException("not the turn of a connection");
        }
    }
}
