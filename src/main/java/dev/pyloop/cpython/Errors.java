package dev.pyloop.cpython;

import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.memory.NativeFunction;
import java.io.PrintWriter;
import java.io.StringWriter;

/**
 * The interpreter's error indicator: the one place where Python errors are set, tested and taken.
 *
 * <p>Callers hold the GIL.
 */
public final class Errors {
    /** The version that replaced the triple of type, value and traceback by the exception alone. */
    private static final int SINGLE_EXCEPTION_VERSION = 0x030C0000;

    private static final NativeFunction SET_STRING = Interpreter.function("PyErr_SetString");
    private static final NativeFunction OCCURRED = Interpreter.function("PyErr_Occurred");

    /** What only the failure of a callback needs. */
    private static final class Taking {
        static final boolean SINGLE = Interpreter.version() >= SINGLE_EXCEPTION_VERSION;
        static final NativeFunction MATCHES = Interpreter.function("PyErr_ExceptionMatches");
        static final long SYSTEM_EXIT = exceptionType("PyExc_SystemExit");
        static final long KEYBOARD_INTERRUPT = exceptionType("PyExc_KeyboardInterrupt");
        static final NativeFunction GET_RAISED = SINGLE ? Interpreter.function("PyErr_GetRaisedException") : OCCURRED;
    }

    private static final class Setting {
        static final NativeFunction SET_OBJECT = Interpreter.function("PyErr_SetObject");
    }

    /** The three calls that make one exception of 3.11's triple. */
    private static final class Triple {
        static final NativeFunction FETCH = Interpreter.function("PyErr_Fetch");
        static final NativeFunction NORMALIZE = Interpreter.function("PyErr_NormalizeException");
        static final NativeFunction SET_TRACEBACK = Interpreter.function("PyException_SetTraceback");
    }

    private static final class Chaining {
        static final NativeFunction SET_CONTEXT = Interpreter.function("PyException_SetContext");
    }

    /** What is needed when there is no memory to make it. */
    private static final class Memoryless {
        static final long TYPE = exceptionType("PyExc_MemoryError");
        static final long MESSAGE =
                NativeBuffer.immortalString("PyLoop's Java heap is full; PYLOOP_MAX_HEAP sets its size");

        static void prepare() {}
    }

    /** {@code os.strerror}. */
    private static @Borrowed long describe = Objects.NULL;

    private Errors() {}

    /** Fetches what raising needs of Python, before anything can fail. May be repeated. */
    public static void prepare() {
        Memoryless.prepare();
        if (describe == Objects.NULL) {
            long os = Objects.importModule("os");
            describe = Objects.getAttribute(os, "strerror");
            References.release(os);
        }
    }

    /** Returns {@code object}, or throws what the null pointer stands for. */
    public static long check(long object) {
        if (object == Objects.NULL) {
            throw PythonException.PENDING;
        }
        return object;
    }

    /** Returns {@code status}, or throws what a negative one stands for. */
    public static int check(int status) {
        if (status < 0) {
            throw PythonException.PENDING;
        }
        return status;
    }

    /** Has what was thrown by code without checked exceptions go on. */
    static RuntimeException propagate(Throwable thrown) {
        if (thrown instanceof RuntimeException e) {
            return e;
        }
        if (thrown instanceof Error error) {
            throw error;
        }
        throw new AssertionError("a checked exception", thrown);
    }

    /** Tells whether the error indicator is set. */
    public static boolean occurred() {
        return OCCURRED.callLeaf() != Objects.NULL;
    }

    /** Tells whether the pending exception is one that leaves the event loop: SystemExit or KeyboardInterrupt. */
    public static boolean pendingLeavesLoop() {
        return (int) Taking.MATCHES.call(Taking.SYSTEM_EXIT) != 0
                || (int) Taking.MATCHES.call(Taking.KEYBOARD_INTERRUPT) != 0;
    }

    /** Takes the pending exception, which must be there, with its traceback and clears the indicator. */
    public static @Owned long take() {
        return Taking.SINGLE ? Taking.GET_RAISED.call() : takeTriple();
    }

    /** Takes the pending exception as {@link #take} does; NULL if there is none. */
    public static @Owned long takeIfAny() {
        return occurred() ? take() : Objects.NULL;
    }

    /** Takes the pending exception, which must be there, as one raised after {@code earlier}; NULL for none. */
    public static @Owned long takeInContext(@Owned long earlier) {
        long exception = take();
        if (earlier == exception) {
            References.release(earlier);
        } else if (earlier != Objects.NULL) {
            Chaining.SET_CONTEXT.call(exception, earlier);
        }
        return exception;
    }

    /**
     * Sets the error indicator to {@code thrown}, be it an exception of Python's, which may be pending already, or a failure
     * of Java code.
     */
    public static void raise(Throwable thrown) {
        // Not a pattern switch: its bootstrap would make the first exception of every program take milliseconds.
        if (thrown instanceof PythonException e) {
            e.raise();
        } else if (thrown instanceof StackOverflowError) {
            set("PyExc_RecursionError", "maximum recursion depth exceeded in PyLoop");
        } else if (thrown instanceof OutOfMemoryError) {
            setOutOfMemory();
        } else {
            set("PyExc_RuntimeError", "internal error in PyLoop: " + stackTrace(thrown));
        }
    }

    private static String stackTrace(Throwable thrown) {
        StringWriter text = new StringWriter();
        thrown.printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    /** Makes {@code exception} the pending one. */
    public static void restore(@Owned long exception) {
        Setting.SET_OBJECT.call(Objects.type(exception), exception);
        References.release(exception);
    }

    /** Puts an exception of the type that {@code symbol} names in the place of the pending one. */
    public static void replace(String symbol, String message) {
        References.release(take());
        set(symbol, message);
    }

    /** Sets the error indicator to an exception of the type that {@code symbol} names. */
    static void set(String symbol, String message) {
        try (NativeBuffer text = NativeBuffer.of(message)) {
            SET_STRING.call(exceptionType(symbol), text.address());
        }
    }

    /** Sets the error indicator to a {@code MemoryError}; allocates nothing. */
    private static void setOutOfMemory() {
        FullHeap.failed();
        SET_STRING.call(Memoryless.TYPE, Memoryless.MESSAGE);
    }

    /** Sets the error indicator to the {@code OSError} of {@code errno}, with the system's message. */
    public static void setOsError(int errno) {
        long number = Numbers.fromLong(errno);
        long message = Calls.call(describe, number);
        try {
            restore(Calls.callWith(exceptionType("PyExc_OSError"), number, message));
        } finally {
            References.release(message);
            References.release(number);
        }
    }

    private static long takeTriple() {
        try (NativeBuffer triple = new NativeBuffer(3 * Long.BYTES)) {
            long type = triple.address();
            long value = type + Long.BYTES;
            long traceback = value + Long.BYTES;
            Triple.FETCH.call(type, value, traceback);
            Triple.NORMALIZE.call(type, value, traceback);
            long exception = Memory.getLong(value);
            if (Memory.getLong(traceback) != Objects.NULL) {
                int ignored = (int) Triple.SET_TRACEBACK.call(exception, Memory.getLong(traceback));
            }
            References.releaseSlot(traceback);
            References.releaseSlot(type);
            return exception;
        }
    }

    private static long exceptionType(String symbol) {
        return Memory.getLong(Interpreter.symbol(symbol));
    }
}
