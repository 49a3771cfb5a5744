package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Contexts;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Types;
import dev.pyloop.reactor.Interest;
import dev.pyloop.transport.Acceptor;

/**
 * The Java side of what accepts connections from one listening socket of a server.
 *
 * <p>A connection gets its protocol and transport in the iteration after the one that accepted it, as in asyncio, where a
 * task does that. Owned by the Python object, whose address it borrows. Guarded by the GIL.
 */
final class AcceptorObject {
    /** {@code pyloop._streams.StreamTransport}, which is derived from a type of ours; set when the first is made. */
    private static @Borrowed long transportType = Objects.NULL;

    private final @Borrowed long self;
    private final LoopObject loop;
    private final Acceptor acceptor;

    AcceptorObject(@Borrowed long self, LoopObject loop, int listener, int limit) {
        this.self = self;
        this.loop = loop;
        acceptor = new Acceptor(loop.streamIo(), listener, limit);
    }

    /** Starts to accept; the loop keeps this object alive until the descriptor is not watched any more. */
    void start() {
        int result = loop.streamIo().watch(acceptor.listener(), Interest.READ, self | Sources.ACCEPT);
        if (result < 0) {
            throw PythonException.osError(-result);
        }
    }

    /** Accepts what waits to be. */
    void acceptable() {
        if (loop.engine().watcher(acceptor.listener(), Interest.READ) != (self | Sources.ACCEPT)) {
            return;
        }
        int result = acceptor.accept(this::arrived);
        if (result < 0) {
            Errors.setOsError(-result);
            StreamSide.reportAccept(self);
        }
    }

    /** Serves the connection whose turn it is. */
    void accepted() {
        Acceptor.Connection connection = acceptor.next();
        long context = enterContext(connection);
        try {
            serve(connection);
        } finally {
            Contexts.exit(loop.threadState(), context);
            Contexts.release(context);
        }
    }

    /** Closes the connections whose turn does not come any more. */
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
        loop.streamIo().calls().close(connection.descriptor());
    }

    private void serve(Acceptor.Connection connection) {
        long protocol = Calls.tryCall(AcceptorLayout.get(self, AcceptorLayout.FACTORY));
        if (protocol == Objects.NULL) {
            close(connection);
            StreamSide.reportConnection(self, Objects.NONE);
            return;
        }
        long transport = allocateTransport();
        if (transport == Objects.NULL) {
            close(connection);
            reportAndRelease(protocol);
            return;
        }
        try {
            connect(transport, protocol, connection);
        } catch (PythonException | OutOfMemoryError e) {
            Errors.raise(e);
            if (!Streams.abandon(transport)) {
                close(connection);
            }
            StreamSide.reportConnection(self, protocol);
        } finally {
            References.release(protocol);
            References.release(transport);
        }
    }

    private void reportAndRelease(@Owned long protocol) {
        try {
            StreamSide.reportConnection(self, protocol);
        } finally {
            References.release(protocol);
        }
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
            long module = Objects.importModule("pyloop._streams");
            try {
                transportType = Objects.getAttribute(module, "StreamTransport");
            } finally {
                References.release(module);
            }
        }
        return transportType;
    }

    private void connect(long transport, long protocol, Acceptor.Connection connection) {
        StreamObject stream = Streams.open(transport, loop, connection.descriptor(), Medium.SOCKET);
        stream.setAddresses(connection.peer(), connection.local());
        stream.setProtocol(protocol);
        long loopObject = AcceptorLayout.get(self, AcceptorLayout.LOOP);
        StreamLayout.set(transport, StreamLayout.LOOP, References.retain(loopObject));
        long server = AcceptorLayout.get(self, AcceptorLayout.SERVER);
        if (server != Objects.NONE) {
            Streams.attach(server, transport);
        }
        StreamLayout.set(transport, StreamLayout.SERVER, References.retain(server));
        long connectionMade = Objects.getAttribute(protocol, StreamNames.CONNECTION_MADE);
        try {
            loop.callSoon(connectionMade, transport);
        } finally {
            References.release(connectionMade);
        }
        stream.startReadingSoon();
    }
}
