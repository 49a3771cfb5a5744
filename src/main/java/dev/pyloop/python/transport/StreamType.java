package dev.pyloop.python.transport;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Bytes;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Sequences;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.cpython.TypeBuilder;
import dev.pyloop.hint.Inlined;
import dev.pyloop.libc.SystemCallException;
import dev.pyloop.memory.Memory;
import dev.pyloop.python.loop.Arguments;
import dev.pyloop.python.loop.ErrandMethod;
import dev.pyloop.python.loop.ErrandMethods;
import dev.pyloop.python.loop.LoopObject;
import dev.pyloop.python.loop.Loops;
import dev.pyloop.python.names.Docs;
import dev.pyloop.python.names.StreamLayout;
import dev.pyloop.python.names.StreamNames;
import org.jspecify.annotations.Nullable;

/**
 * {@code pyloop._engine.StreamTransport}: the methods of a transport that run per message or per accepted connection.
 *
 * <p>A base class for {@code pyloop._transports.streams.StreamTransport}, which adds what is asked for once per connection.
 */
final class StreamType implements ErrandMethods {
    private static final long NO_DESCRIPTOR = -1;

    private static final int OPEN = 0;
    private static final int START = 1;
    private static final int WRITE = 2;
    private static final int WRITELINES = 3;
    private static final int WRITE_EOF = 4;
    private static final int CLOSE = 5;
    private static final int ABORT = 6;
    private static final int PAUSE_READING = 7;
    private static final int RESUME_READING = 8;
    private static final int IS_READING = 9;
    private static final int SET_PROTOCOL = 10;
    private static final int GET_PROTOCOL = 11;
    private static final int GET_WRITE_BUFFER_SIZE = 12;
    private static final int SET_LIMITS = 13;
    private static final int FORCE_CLOSE = 14;
    private static final int GIVE_UP_DESCRIPTOR = 15;
    private static final int RELEASE = 16;
    private static final int DESCRIPTOR = 17;
    private static final int PEER = 18;
    private static final int LOCAL = 19;
    private static final int IS_CLOSED = 20;
    private static final int IS_WRITING_PAUSED = 21;
    private static final int SET_WIDENABLE = 22;
    private static final int IS_OPEN = 23;
    private static final int END = 24;
    private static final int STOP_READING = 25;
    private static final int RESUMED = 26;
    private static final int NOT_RESUMED = 27;
    private static final int COUNT_LOST_WRITE = 28;

    private StreamType() {}

    /** Builds the type. */
    static @Owned long build() {
        StreamFunctions.prepare();
        StreamType methods = new StreamType();
        long built = new TypeBuilder("pyloop._engine.StreamTransport", StreamLayout.SIZE)
                .subclassable()
                .dictionary(StreamLayout.DICT)
                .doc("The engine of PyLoop's stream transports, in Java. Not to be used alone.")
                .keywords("_open", methods, OPEN, "Make the engine's side, for a loop, a descriptor and its kind.")
                .noArguments("_set_widenable", methods, SET_WIDENABLE, "Let a pipe hold more once it is too small.")
                .noArguments("_start", methods, START, "Begin to read in the next iteration.")
                .drivenKeywords("write", new ErrandMethod(methods, WRITE, true), Docs.WRITE)
                .drivenKeywords("writelines", new ErrandMethod(methods, WRITELINES, true), Docs.WRITELINES)
                .driven("write_eof", new ErrandMethod(methods, WRITE_EOF, false), Docs.WRITE_EOF)
                .driven("close", new ErrandMethod(methods, CLOSE, false), Docs.CLOSE)
                .noArguments("abort", methods, ABORT, Docs.ABORT)
                .driven("pause_reading", new ErrandMethod(methods, PAUSE_READING, false), Docs.PAUSE_READING)
                .driven("resume_reading", new ErrandMethod(methods, RESUME_READING, false), Docs.RESUME_READING)
                .noArguments("_stop_reading", methods, STOP_READING, "Read no more, as nothing comes any more.")
                .noArguments("is_reading", methods, IS_READING, Docs.IS_READING)
                .keywords("set_protocol", methods, SET_PROTOCOL, Docs.SET_PROTOCOL)
                .noArguments("get_protocol", methods, GET_PROTOCOL, Docs.GET_PROTOCOL)
                .driven(
                        "get_write_buffer_size",
                        new ErrandMethod(methods, GET_WRITE_BUFFER_SIZE, false),
                        Docs.GET_WRITE_BUFFER_SIZE)
                .drivenKeywords(
                        "_set_limits",
                        new ErrandMethod(methods, SET_LIMITS, true),
                        "Set the high and the low water mark, in bytes.")
                .driven(
                        "_resumed",
                        new ErrandMethod(methods, RESUMED, false),
                        "Send on, after resume_writing() has returned.")
                .noArguments(
                        "_not_resumed",
                        methods,
                        NOT_RESUMED,
                        "Send on later, after resume_writing() has left the loop.")
                .noArguments("_count_lost_write", methods, COUNT_LOST_WRITE, "Take note of a write to what has ended.")
                .oneArgument("_force_close", methods, FORCE_CLOSE, "End the connection because of an exception.")
                .noArguments(
                        "_give_up_descriptor",
                        methods,
                        GIVE_UP_DESCRIPTOR,
                        "Close the descriptor, unless it is the socket's to close it.")
                .noArguments("_end", methods, END, "End the connection without telling anybody.")
                .noArguments("_release", methods, RELEASE, "End the engine's side.")
                .noArguments("_is_open", methods, IS_OPEN, "Tell whether there is a descriptor that was not closed.")
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
        StreamTurns.enter();
        return built;
    }

    @Override
    @Inlined
    public @Nullable LoopObject loopOf(@Borrowed long self) {
        StreamObject transport = Streams.find(self);
        return transport == null ? null : transport.loop();
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
                case SET_LIMITS -> {
                    return setLimits(self, arguments, count);
                }
                default -> {
                    return ErrandMethods.super.call(method, self, arguments, count, names);
                }
            }
        } catch (SystemCallException e) {
            throw PythonException.osError(e.errno());
        }
        return Objects.none();
    }

    @Override
    public @Owned long call(int method, @Borrowed long self) {
        if (method == RELEASE) {
            Streams.dispose(self);
            return Objects.none();
        }
        if (method == IS_OPEN) {
            StreamObject transport = Streams.find(self);
            return Objects.bool(transport != null && !transport.isClosed());
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
                    return transport.sendFirst()
                            ? Numbers.fromLong(transport.stream().pendingSize())
                            : ErrandMethod.AGAIN;
                }
                case CLOSE -> {
                    if (!transport.sendFirst()) {
                        return ErrandMethod.AGAIN;
                    }
                    transport.stream().close();
                }
                case WRITE_EOF -> {
                    if (!transport.sendFirst()) {
                        return ErrandMethod.AGAIN;
                    }
                    transport.stream().writeEof();
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
                case ABORT -> transport.forceClose(Objects.NONE);
                case END -> transport.stream().dispose();
                case GIVE_UP_DESCRIPTOR -> transport.giveUpDescriptor();
                case STOP_READING -> transport.stream().stopReading();
                case RESUMED -> transport.stream().resumed();
                case NOT_RESUMED -> transport.stream().notResumed();
                case COUNT_LOST_WRITE -> StreamOutput.countIfLost(transport);
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
        if (method != FORCE_CLOSE) {
            return ErrandMethods.super.call(method, self, argument);
        }
        Streams.get(self).forceClose(argument);
        return Objects.none();
    }

    /** Returns what a transport answers after its destructor has run: the same as a closed one. */
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
            throw PythonException.typeError("expected a loop, a descriptor and a kind");
        }
        LoopObject loop = Loops.get(Arguments.loop(Memory.getLong(arguments)));
        int descriptor = (int) Numbers.toLong(Memory.getLong(arguments + Long.BYTES));
        Streams.open(self, loop, descriptor, StreamKind.of(Numbers.toLong(Memory.getLong(arguments + 2 * Long.BYTES))));
    }

    private static @Owned long setLimits(long self, long arguments, long count) {
        if (count != 2) {
            throw PythonException.typeError("expected two numbers");
        }
        StreamObject transport = Streams.get(self);
        double high = Numbers.toDouble(Memory.getLong(arguments));
        double low = Numbers.toDouble(Memory.getLong(arguments + Long.BYTES));
        if (!transport.sendFirst()) {
            return ErrandMethod.AGAIN;
        }
        transport.stream().setLimits((long) high, (long) low);
        return Objects.none();
    }

    private static void writeLines(long self, long lines) {
        StreamObject transport = Streams.get(self);
        if (StreamOutput.joinsLines(transport)) {
            StreamFunctions.writeJoined(transport, lines);
        } else if (Sequences.isList(lines)) {
            StreamOutput.writeLines(transport, lines, Sequences.items(lines), Sequences.size(lines));
        } else if (Tuples.isTuple(lines)) {
            StreamOutput.writeLines(transport, lines, Tuples.items(lines), Tuples.size(lines));
        } else {
            StreamFunctions.writeCopies(transport, lines);
        }
    }
}
