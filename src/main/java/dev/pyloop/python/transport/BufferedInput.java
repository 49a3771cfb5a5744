package dev.pyloop.python.transport;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Buffers;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.python.loop.Turn;
import dev.pyloop.python.names.StreamMessages;
import dev.pyloop.python.names.StreamNames;

/**
 * The way in of a transport whose protocol provides the buffers to read into. The rest is as {@link StreamInput} has it.
 *
 * <p>Stateless; guarded by the GIL.
 */
final class BufferedInput {
    private static final long ANY_SIZE = Numbers.fromLong(-1);

    private static final Turn.Step PROVIDED = BufferedInput::provided;
    private static final Turn.Step VIEWED = BufferedInput::viewed;
    private static final Turn.Step SENT = BufferedInput::sent;
    private static final Turn.Step UPDATED = BufferedInput::updated;

    private BufferedInput() {}

    /** Asks for a call of {@code get_buffer}. */
    static boolean begin(StreamObject transport, Turn turn) {
        turn.callMethod(
                transport.protocol(), StreamNames.GET_BUFFER, References.retain(ANY_SIZE), Objects.NULL, PROVIDED);
        return true;
    }

    /** A buffer that may be of a class of the program's is looked at by Python. */
    private static boolean provided(Turn turn, @Owned long buffer) {
        if (buffer == Objects.NULL || BytesLike.isPlainBuffer(buffer)) {
            return viewed(turn, buffer);
        }
        turn.callFunction(StreamFunctions.viewer(), buffer, Objects.NULL, VIEWED);
        return true;
    }

    private static boolean viewed(Turn turn, @Owned long buffer) {
        if (buffer == Objects.NULL) {
            StreamFunctions.failConnection(StreamInput.of(turn), StreamMessages.GET_BUFFER);
            return false;
        }
        turn.kept = buffer;
        return receive(turn);
    }

    private static boolean sent(Turn turn, @Owned long result) {
        References.release(Errors.check(result));
        return receive(turn);
    }

    private static boolean receive(Turn turn) {
        StreamObject transport = StreamInput.of(turn);
        if (transport.isClosed()) {
            // Another run of the loop has closed it while the program was asked for its buffer: the number may name
            // another
            // file.
            turn.releaseKept();
            return false;
        }
        if (!hasRoom(turn.kept)) {
            turn.releaseKept();
            StreamFunctions.failConnection(transport, StreamMessages.GET_BUFFER);
            return false;
        }
        transport.stream().flushListed();
        if (!transport.loop().errands().isEmpty()) {
            return transport.loop().runErrands(turn, SENT);
        }
        long count;
        // Apart from the rest: an interrupt meanwhile is not the buffer's fault.
        try (Buffers view = Buffers.writable(turn.kept)) {
            count = transport.receive(view.address(), view.size());
        } catch (PythonException e) {
            turn.releaseKept();
            // What socket.recv_into() makes of any object it cannot write to.
            Errors.replace("PyExc_TypeError", "expected a read-write bytes-like object from get_buffer()");
            StreamFunctions.failConnection(transport, StreamMessages.READ);
            return false;
        }
        turn.releaseKept();
        if (count <= 0) {
            StreamInput.endOrFail(transport, count);
            return false;
        }
        turn.callMethod(
                transport.protocol(), StreamNames.BUFFER_UPDATED, Numbers.fromLong(count), Objects.NULL, UPDATED);
        return true;
    }

    private static boolean updated(Turn turn, @Owned long result) {
        if (result == Objects.NULL) {
            StreamFunctions.failConnection(StreamInput.of(turn), StreamMessages.BUFFER_UPDATED);
        } else {
            References.release(result);
        }
        return false;
    }

    /** Tells whether something can be received into {@code buffer}; sets the error if not. */
    private static boolean hasRoom(@Borrowed long buffer) {
        try {
            if (Objects.length(buffer) == 0) {
                StreamFunctions.setEmptyBuffer();
                return false;
            }
            return true;
        } catch (PythonException e) {
            Errors.raise(e);
            return false;
        }
    }
}
