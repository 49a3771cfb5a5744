package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Buffers;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.libc.Errno;

/**
 * The way in of a transport: from its socket to its protocol.
 *
 * <p>Stateless; guarded by the GIL, and called in the context that the protocol's methods are to see. Exceptions of the
 * protocol's end the connection as in asyncio; those that leave the event loop are thrown.
 */
final class StreamInput {
    private static final long ANY_SIZE = Numbers.fromLong(-1);

    private StreamInput() {}

    /** Reads what there is and hands it to {@code data_received}. */
    static void readBytes(StreamObject transport) {
        ReadBuffer buffer = transport.loop().readBuffer();
        if (buffer.mayExpectMuch()) {
            buffer.expect(transport.available());
        }
        long count = transport.receive(buffer.address(), buffer.capacity());
        if (count <= 0) {
            endOrFail(transport, count);
            return;
        }
        long data = buffer.take((int) count);
        boolean delivered = call(transport, StreamNames.DATA_RECEIVED, data);
        References.release(data);
        if (!delivered) {
            StreamSide.failConnection(transport.self(), StreamMessages.DATA_RECEIVED);
        }
    }

    /** Reads what there is into the buffer that the protocol provides. */
    static void readIntoProtocol(StreamObject transport) {
        long object = transport.callProtocol(StreamNames.GET_BUFFER, ANY_SIZE);
        try {
            Errors.check(object);
            if (Objects.length(object) == 0) {
                throw StreamSide.emptyBuffer();
            }
        } catch (PythonException e) {
            References.releaseUnlessNull(object);
            Errors.raise(e);
            StreamSide.failConnection(transport.self(), StreamMessages.GET_BUFFER);
            return;
        }
        long count;
        try {
            // Apart from the view, for an interrupt meanwhile is not the buffer's fault.
            transport.stream().flushListed();
            try (Buffers view = Buffers.writable(object)) {
                count = transport.receive(view.address(), view.size());
            } catch (PythonException e) {
                // What socket.recv_into() makes of any object it cannot write to.
                Errors.replace("PyExc_TypeError", "expected a read-write bytes-like object from get_buffer()");
                StreamSide.failConnection(transport.self(), StreamMessages.READ);
                return;
            }
        } finally {
            References.release(object);
        }
        if (count <= 0) {
            endOrFail(transport, count);
            return;
        }
        long number = Numbers.fromLong(count);
        boolean delivered = call(transport, StreamNames.BUFFER_UPDATED, number);
        References.release(number);
        if (!delivered) {
            StreamSide.failConnection(transport.self(), StreamMessages.BUFFER_UPDATED);
        }
    }

    private static void endOrFail(StreamObject transport, long result) {
        if (result == 0) {
            end(transport);
        } else if (result != -Errno.EAGAIN && result != -Errno.EINTR) {
            Errors.setOsError((int) -result);
            StreamSide.failConnection(transport.self(), StreamMessages.READ);
        }
    }

    private static void end(StreamObject transport) {
        transport.logInDebugMode(StreamMessages.RECEIVED_EOF);
        long keepOpen = transport.callProtocol(StreamNames.EOF_RECEIVED);
        if (keepOpen == Objects.NULL) {
            StreamSide.failConnection(transport.self(), StreamMessages.EOF_RECEIVED);
            return;
        }
        try {
            if (Objects.isTrue(keepOpen)) {
                // The protocol can go on writing, but there is nothing to read any more.
                transport.stream().stopReading();
            } else {
                transport.close();
            }
        } finally {
            References.release(keepOpen);
        }
    }

    private static boolean call(StreamObject transport, @Borrowed long name, @Borrowed long argument) {
        long result = transport.callProtocol(name, argument);
        References.releaseUnlessNull(result);
        return result != Objects.NULL;
    }
}
