package dev.pyloop.python.transport;

import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.hint.Inlined;
import dev.pyloop.libc.Errno;
import dev.pyloop.python.loop.ReadBuffer;
import dev.pyloop.python.loop.Turn;
import dev.pyloop.python.names.StreamMessages;
import dev.pyloop.python.names.StreamNames;

/**
 * The way in of a transport whose protocol takes bytes: from its socket to {@code data_received}.
 *
 * <p>Stateless; guarded by the GIL, and called in the context that the protocol's methods are to see. Exceptions of the
 * protocol's end the connection as in asyncio; those that leave the event loop are thrown.
 */
final class StreamInput {
    private static final Turn.Step DELIVERED = StreamInput::delivered;

    private StreamInput() {}

    /** Reads once and asks for a call of {@code data_received}; true if it does. */
    @Inlined
    static boolean read(StreamObject transport, Turn turn) {
        ReadBuffer buffer = transport.loop().transports().readBuffer();
        if (buffer.mayExpectMuch()) {
            buffer.expect(transport.available());
        }
        long count = transport.receive(buffer.address(), buffer.capacity());
        if (count <= 0) {
            endOrFail(transport, count);
            return false;
        }
        turn.callMethod(
                transport.protocol(), StreamNames.DATA_RECEIVED, buffer.take((int) count), Objects.NULL, DELIVERED);
        return true;
    }

    @Inlined
    private static boolean delivered(Turn turn, @Owned long result) {
        if (result == Objects.NULL) {
            StreamFunctions.failConnection(of(turn), StreamMessages.DATA_RECEIVED);
        } else {
            References.release(result);
        }
        return false;
    }

    /** Returns whose turn it is. */
    static StreamObject of(Turn turn) {
        if (turn.source instanceof StreamObject transport) {
            return transport;
        }
        throw new IllegalStateException("not the turn of a stream");
    }

    /** Has the protocol hear of the end, or of the failure that a negated errno tells of. */
    static void endOrFail(StreamObject transport, long result) {
        if (result == 0) {
            StreamFunctions.receiveEof(transport);
        } else if (!Errno.saysLater(result)) {
            Errors.setOsError((int) -result);
            StreamFunctions.failConnection(transport, StreamMessages.READ);
        }
    }
}
