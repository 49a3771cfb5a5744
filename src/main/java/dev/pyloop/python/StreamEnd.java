package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;

/**
 * How a transport gives up what it owns: its descriptor, and the objects in its slots.
 *
 * <p>Stateless; guarded by the GIL.
 */
final class StreamEnd {
    private StreamEnd() {}

    /**
     * Closes the descriptor and drops what the transport refers to; to be called once. A pending error stays pending. What
     * fails keeps nothing else from being done: a server waits for its transports.
     */
    static void giveUp(StreamObject transport) {
        long pending = Errors.takeIfAny();
        long failure = pending;
        try {
            closeDescriptor(transport);
        } catch (PythonException e) {
            failure = take(e, failure);
        }
        @Borrowed long self = transport.self();
        StreamLayout.set(self, StreamLayout.PROTOCOL, Objects.none());
        StreamLayout.set(self, StreamLayout.LOOP, Objects.none());
        try {
            detachFromServer(self);
        } catch (PythonException e) {
            failure = take(e, failure);
        }
        try {
            if (StreamLayout.has(self, StreamLayout.EMPTY_WAITER)) {
                StreamSide.failEmptyWaiter(self);
            }
        } catch (PythonException e) {
            failure = take(e, failure);
        }
        if (failure != Objects.NULL) {
            Errors.restore(failure);
        }
        if (failure != pending) {
            throw PythonException.PENDING;
        }
    }

    private static @Owned long take(PythonException e, @Owned long earlier) {
        Errors.raise(e);
        return Errors.takeInContext(earlier);
    }

    private static void closeDescriptor(StreamObject transport) {
        @Borrowed long self = transport.self();
        transport.loop().descriptors().remove(transport.descriptor(), self);
        if (StreamLayout.has(self, StreamLayout.SOCKET)) {
            long owner = References.retain(StreamLayout.get(self, StreamLayout.SOCKET));
            StreamLayout.set(self, StreamLayout.SOCKET, Objects.none());
            long result = Calls.tryCallMethod(owner, StreamNames.CLOSE);
            References.release(owner);
            References.release(Errors.check(result));
        } else {
            transport.loop().streamIo().calls().close(transport.descriptor());
        }
    }

    private static void detachFromServer(@Borrowed long self) {
        if (StreamLayout.has(self, StreamLayout.SERVER)) {
            long server = References.retain(StreamLayout.get(self, StreamLayout.SERVER));
            StreamLayout.set(self, StreamLayout.SERVER, Objects.none());
            long result = Streams.detach(server, self);
            References.release(server);
            References.release(Errors.check(result));
        }
    }
}
