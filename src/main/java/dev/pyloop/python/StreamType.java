package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Bytes;
import dev.pyloop.cpython.Methods;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Sequences;
import dev.pyloop.cpython.TypeBuilder;
import dev.pyloop.libc.SystemCallException;
import dev.pyloop.memory.Memory;

/**
 * {@code pyloop._engine.StreamTransport}: the methods of a transport that run per message or per accepted connection.
 *
 * <p>A base class for {@code pyloop._streams.StreamTransport}, which adds what is asked for once per connection.
 */
final class StreamType implements Methods {
    private static final long NO_DESCRIPTOR = -1;

    private static final int OPEN = 0;
    private static final int START = 1;
    private static final int WRITE = 2;
    private static final int WRITELINES = 3;
    private static final int WRITE_EOF = 4;
    private static final int CLOSE = 5;
    private static final int ABORT = 6;
    private static final int PAUSE_READING = 8;
    private static final int RESUME_READING = 9;
    private static final int IS_READING = 10;
    private static final int SET_PROTOCOL = 11;
    private static final int GET_PROTOCOL = 12;
    private static final int GET_WRITE_BUFFER_SIZE = 13;
    private static final int SET_LIMITS = 14;
    private static final int FORCE_CLOSE = 16;
    private static final int CALL_CONNECTION_LOST = 17;
    private static final int DELETE = 18;
    private static final int DESCRIPTOR = 19;
    private static final int PEER = 20;
    private static final int LOCAL = 21;
    private static final int IS_CLOSED = 22;
    private static final int IS_WRITING_PAUSED = 23;
    private static final int SET_WIDENABLE = 24;

    private StreamType() {}

    /** Builds the type. */
    static @Owned long build() {
        StreamSide.prepare();
        StreamType methods = new StreamType();
        long built = new TypeBuilder("pyloop._engine.StreamTransport", StreamLayout.SIZE)
                .subclassable()
                .dictionary(StreamLayout.DICT)
                .doc("The engine of PyLoop's stream transports, in Java. Not to be used alone.")
                .keywords("_open", methods, OPEN, "Make the engine's side, for a loop, a descriptor and its kind.")
                .noArguments("_set_widenable", methods, SET_WIDENABLE, "Let a pipe hold more once it is too small.")
                .noArguments("_start", methods, START, "Begin to read in the next iteration.")
                .keywords("write", methods, WRITE, Docs.WRITE)
                .keywords("writelines", methods, WRITELINES, Docs.WRITELINES)
                .noArguments("write_eof", methods, WRITE_EOF, Docs.WRITE_EOF)
                .noArguments("close", methods, CLOSE, Docs.CLOSE)
                .noArguments("abort", methods, ABORT, Docs.ABORT)
                .noArguments("pause_reading", methods, PAUSE_READING, Docs.PAUSE_READING)
                .noArguments("resume_reading", methods, RESUME_READING, Docs.RESUME_READING)
                .noArguments("is_reading", methods, IS_READING, Docs.IS_READING)
                .keywords("set_protocol", methods, SET_PROTOCOL, Docs.SET_PROTOCOL)
                .noArguments("get_protocol", methods, GET_PROTOCOL, Docs.GET_PROTOCOL)
                .noArguments("get_write_buffer_size", methods, GET_WRITE_BUFFER_SIZE, Docs.GET_WRITE_BUFFER_SIZE)
                .keywords("_set_limits", methods, SET_LIMITS, "Set the high and the low water mark, in bytes.")
                .oneArgument("_force_close", methods, FORCE_CLOSE, "End the connection because of an exception.")
                .oneArgument(
                        "_call_connection_lost",
                        methods,
                        CALL_CONNECTION_LOST,
                        "Tell the protocol that the connection is over, and give everything up.")
                .noArguments("__del__", methods, DELETE, "Warn if the connection is open, and end it.")
                .noArguments("_descriptor", methods, DESCRIPTOR, "Return the descriptor, also when it is closed.")
                .noArguments("_is_closed", methods, IS_CLOSED, "Tell whether the descriptor was closed.")
                .noArguments("_peer", methods, PEER, "Return the peer's address as the kernel gave it.")
                .noArguments("_local", methods, LOCAL, "Return the address of this end as the kernel gave it.")
                .noArguments(
                        "_is_writing_paused",
                        methods,
                        IS_WRITING_PAUSED,
                        "Tell whether pause_writing() was called last.")
                .build(StreamLayout.TYPE);
        Streams.setType(built);
        return built;
    }

    @Override
    public @Owned long call(int method, @Borrowed long self, long arguments, long count, @Borrowed long names) {
        if (Streams.isFinalized(self)) {
            return Objects.none();
        }
        try {
            switch (method) {
                case WRITE ->
                    StreamOutput.write(
                            Streams.get(self), Arguments.only(arguments, count, names, "write", StreamNames.DATA));
                case WRITELINES ->
                    writeLines(self, Arguments.only(arguments, count, names, "writelines", StreamNames.LIST_OF_DATA));
                case SET_PROTOCOL ->
                    Streams.get(self)
                            .setProtocol(Arguments.only(arguments, count, names, "set_protocol", StreamNames.PROTOCOL));
                case OPEN -> open(self, arguments, count);
                case SET_LIMITS -> setLimits(self, arguments, count);
                default -> {
                    return Methods.super.call(method, self, arguments, count, names);
                }
            }
        } catch (SystemCallException e) {
            throw PythonException.osError(e.errno());
        }
        return Objects.none();
    }

    @Override
    public @Owned long call(int method, @Borrowed long self) {
        if (method == DELETE) {
            Streams.dispose(self);
            return Objects.none();
        }
        if (Streams.isFinalized(self)) {
            return answerFinalized(method);
        }
        StreamObject transport = Streams.get(self);
        try {
            switch (method) {
                case IS_READING -> {
                    return Objects.bool(transport.isReading());
                }
                case GET_PROTOCOL -> {
                    return References.retain(transport.protocol());
                }
                case GET_WRITE_BUFFER_SIZE -> {
                    return Numbers.fromLong(transport.stream().pendingSize());
                }
                case IS_WRITING_PAUSED -> {
                    return Objects.bool(transport.stream().isWritingPaused());
                }
                case LOCAL -> {
                    return Bytes.of(transport.local());
                }
                case IS_CLOSED -> {
                    return Objects.bool(transport.isClosed());
                }
                case DESCRIPTOR -> {
                    return Numbers.fromLong(transport.descriptor());
                }
                case PEER -> {
                    return Bytes.of(transport.peer());
                }
                case SET_WIDENABLE -> transport.setWidenable();
                case START -> transport.startReadingSoon();
                case CLOSE -> transport.stream().close();
                case ABORT -> transport.forceClose(Objects.NONE);
                case WRITE_EOF -> transport.stream().writeEof();
                case PAUSE_READING -> transport.pauseReading();
                case RESUME_READING -> transport.resumeReading();
                default -> throw new IllegalArgumentException("method " + method);
            }
        } catch (SystemCallException e) {
            throw PythonException.osError(e.errno());
        }
        return Objects.none();
    }

    @Override
    public @Owned long call(int method, @Borrowed long self, @Borrowed long argument) {
        if (Streams.isFinalized(self)) {
            return Objects.none();
        }
        switch (method) {
            case FORCE_CLOSE -> Streams.get(self).forceClose(argument);
            case CALL_CONNECTION_LOST -> Streams.get(self).callConnectionLost(argument);
            default -> {
                return Methods.super.call(method, self, argument);
            }
        }
        return Objects.none();
    }

    /** What a transport answers between its destructor and its end, as one that is closed. */
    private static @Owned long answerFinalized(int method) {
        return switch (method) {
            case IS_CLOSED -> Objects.bool(true);
            case IS_READING, IS_WRITING_PAUSED -> Objects.bool(false);
            case GET_WRITE_BUFFER_SIZE -> Numbers.fromLong(0);
            case DESCRIPTOR -> Numbers.fromLong(NO_DESCRIPTOR);
            case PEER, LOCAL -> Bytes.of(new byte[0]);
            default -> Objects.none();
        };
    }

    private static void open(long self, long arguments, long count) {
        if (count != 3) {
            throw PythonException.typeError("expected a loop, a descriptor and a medium");
        }
        LoopObject loop = Loops.get(Arguments.loop(Memory.getLong(arguments)));
        int descriptor = (int) Numbers.toLong(Memory.getLong(arguments + Long.BYTES));
        Streams.open(self, loop, descriptor, Medium.of(Numbers.toLong(Memory.getLong(arguments + 2 * Long.BYTES))));
    }

    private static void setLimits(long self, long arguments, long count) {
        if (count != 2) {
            throw PythonException.typeError("expected two numbers");
        }
        double high = Numbers.toDouble(Memory.getLong(arguments));
        double low = Numbers.toDouble(Memory.getLong(arguments + Long.BYTES));
        Streams.get(self).stream().setLimits((long) high, (long) low);
    }

    private static void writeLines(long self, long lines) {
        StreamObject transport = Streams.get(self);
        if (transport.joinsLines()) {
            StreamSide.writeJoined(self, lines);
            return;
        }
        // A list of our own: converting its items may run code that changes the program's.
        long list = Sequences.toList(lines);
        try {
            StreamOutput.writeLines(transport, Sequences.items(list), Sequences.size(list));
        } finally {
            References.release(list);
        }
    }
}
