package dev.pyloop.python.transport;

import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Objects;
import dev.pyloop.libc.Errno;
import dev.pyloop.python.loop.ReadBuffer;
import dev.pyloop.python.loop.Turn;
import dev.pyloop.python.names.StreamMessages;
import dev.pyloop.python.names.StreamNames;

/**
 * The way in of a transport that reads from a pipe.
 *
 * <p>Unlike a socket's transport, that of a pipe survives an exception of {@code data_received}, which is the loop's to
 * report, and hears of the end one iteration later. Stateless; guarded by the GIL, and called in the context that the
 * protocol's methods are to see.
 */
final class PipeInput {
    /** What a pipe holds, unless somebody has changed that. */
    private static final long USUAL_CAPACITY = 64 * 1024;

    private PipeInput() {}

    /** Reads once and asks for a call of {@code data_received}; true if it does. */
    static boolean read(StreamObject transport, Turn turn) {
        ReadBuffer buffer = transport.pipeBuffer();
        long count = transport.receive(buffer.address(), buffer.capacity());
        if (count > 0) {
            if (count >= USUAL_CAPACITY) {
                transport.widen();
            }
            turn.callMethod(
                    transport.protocol(), StreamNames.DATA_RECEIVED, buffer.take((int) count), Objects.NULL, Turn.OVER);
            return true;
        }
        if (count == 0) {
            StreamFunctions.peerClosed(transport);
        } else if (!Errno.saysLater(count)) {
            Errors.setOsError((int) -count);
            StreamFunctions.failConnection(transport, StreamMessages.READ_PIPE);
        }
        return false;
    }
}
