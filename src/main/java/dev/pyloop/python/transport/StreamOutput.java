package dev.pyloop.python.transport;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Buffers;
import dev.pyloop.cpython.Bytes;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.python.names.Imports;
import dev.pyloop.python.names.StreamLayout;

/**
 * The way out of a transport: from what a program writes to chunks of memory that wait to be sent.
 *
 * <p>Bytes are kept as they are; what can change is copied, and so is what could run code of the program's when it is
 * given up, in the middle of sending. Stateless; guarded by the GIL.
 */
final class StreamOutput {
    /** From this size on a copy of what the socket takes at once would cost more than a system call. */
    private static final long MIN_UNCOPIED = 16 * 1024;

    private static final int ENOUGH_LOST_WRITES = 5;

    private static final String IN_SENDFILE = "; sendfile is in progress";
    /** Whether asyncio's sockets, as its pipes, join lines and write them. */
    private static final boolean LINES_ARE_JOINED =
            Imports.attribute("pyloop._for_engine.stream_callbacks", "LINES_ARE_JOINED") == Objects.TRUE;

    /** What this version of asyncio calls the writing of lines when it refuses it. */
    private static final String LINES = LINES_ARE_JOINED ? "write" : "writelines";

    private static final String LINES_AFTER_EOF = "Cannot call " + LINES + "() after write_eof()";
    private static final String LINES_IN_SENDFILE = "unable to " + LINES + IN_SENDFILE;

    private StreamOutput() {}

    /** Sends data of any type that asyncio takes. */
    static void write(StreamObject transport, @Borrowed long data) {
        boolean isBytes = Bytes.isBytes(data);
        if (!isBytes && !BytesLike.isBuffer(data)) {
            StreamFunctions.refuseWrite(transport, data);
            return;
        }
        checkWritable(transport, "Cannot call write() after write_eof()", "unable to write" + IN_SENDFILE);
        if (!isBytes) {
            if (BytesLike.isPlainBuffer(data)) {
                writeBuffer(transport, data);
            } else {
                StreamFunctions.writeCopy(transport, data);
            }
        } else if (Bytes.size(data) > 0 && !countIfLost(transport)) {
            @Owned long chunk = Bytes.plain(data);
            transport.stream().write(Bytes.address(chunk), Bytes.size(chunk), chunk);
        }
    }

    /** Sends {@code lines}, a list or tuple, of which the items are here. */
    static void writeLines(StreamObject transport, @Borrowed long lines, @Borrowed long items, long count) {
        checkWritable(transport, LINES_AFTER_EOF, LINES_IN_SENDFILE);
        if (count == 0 || countIfLost(transport)) {
            return;
        }
        if (!BytesLike.arePlain(items, count)) {
            StreamFunctions.writeCopies(transport, lines);
            return;
        }
        append(transport, BytesLike.toBytes(items, count));
        transport.stream().written();
    }

    private static void append(StreamObject transport, @Owned long[] chunks) {
        int done = 0;
        try {
            while (done < chunks.length) {
                long chunk = chunks[done++];
                if (Bytes.size(chunk) > 0) {
                    transport.stream().append(Bytes.address(chunk), Bytes.size(chunk), chunk);
                } else {
                    References.release(chunk);
                }
            }
        } catch (OutOfMemoryError e) {
            while (done < chunks.length) {
                References.release(chunks[done++]);
            }
            throw e;
        }
    }

    /** Tells whether lines are to be joined, and written by the method that the program may have put on this transport. */
    static boolean joinsLines(StreamObject transport) {
        return StreamLayout.get(transport.self(), StreamLayout.DICT) != Objects.NULL
                && (transport.kind() != StreamKind.SOCKET || LINES_ARE_JOINED);
    }

    private static void checkWritable(StreamObject transport, String afterEof, String duringSendfile) {
        if (transport.stream().isEof()) {
            throw PythonException.runtimeError(afterEof);
        }
        if (StreamLayout.has(transport.self(), StreamLayout.EMPTY_WAITER)) {
            throw PythonException.runtimeError(duringSendfile);
        }
    }

    private static void writeBuffer(StreamObject transport, long data) {
        if (Objects.length(data) == 0 || countIfLost(transport)) {
            return;
        }
        Buffers view;
        try {
            view = Buffers.of(data);
        } catch (PythonException e) {
            Errors.raise(e);
            StreamFunctions.failWrite(transport, 0);
            return;
        }
        try (view) {
            long size = view.size();
            if (size == 0) {
                return;
            }
            long sent = size >= MIN_UNCOPIED ? transport.stream().tryToSend(view.address(), size) : 0;
            if (sent < size) {
                long rest = Bytes.copyOf(view.address() + sent, size - sent);
                transport.stream().write(Bytes.address(rest), size - sent, rest);
            }
        }
    }

    /** Tells whether writing is of no use any more; counts the write then, and warns of the fifth and all that follow. */
    static boolean countIfLost(StreamObject transport) {
        if (!transport.isWritingOver()) {
            return false;
        }
        if (transport.countLostWrite() >= ENOUGH_LOST_WRITES) {
            StreamFunctions.warnLostWrite(transport);
        }
        return true;
    }
}
