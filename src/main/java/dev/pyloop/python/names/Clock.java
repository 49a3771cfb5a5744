package dev.pyloop.python.names;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.ModuleAttribute;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.hint.Inlined;

/**
 * The clock of all loops: {@code time.monotonic}, which programs replace that let time stand still.
 *
 * <p>As long as it is the interpreter's own it is not called but the same clock is read. Guarded by the GIL.
 */
public final class Clock {
    private static final double NANOS_PER_SECOND = 1e9;
    private static final @Borrowed long ORIGINAL = Imports.attribute("time", "monotonic");
    private static final ModuleAttribute CURRENT =
            new ModuleAttribute(Imports.module("time"), Objects.intern("monotonic"));

    private Clock() {}

    /**
     * Returns the time in seconds. Not inlined: that would make the methods that ask larger, and their other callers slower.
     */
    public static double seconds() {
        return isReplaced() ? replacedSeconds() : System.nanoTime() / NANOS_PER_SECOND;
    }

    /** Returns the time in seconds, as Python sees it. */
    public static @Owned long time() {
        return isReplaced() ? callReplaced() : Numbers.fromDouble(System.nanoTime() / NANOS_PER_SECOND);
    }

    @Inlined
    private static boolean isReplaced() {
        return CURRENT.value() != ORIGINAL || !ModuleAttribute.isFunctionOfC(ORIGINAL);
    }

    private static double replacedSeconds() {
        long time = callReplaced();
        try {
            return Numbers.toDouble(time);
        } finally {
            References.release(time);
        }
    }

    private static @Owned long callReplaced() {
        @Borrowed long function = CURRENT.value();
        if (function == Objects.NULL) {
            throw PythonException.runtimeError("there is no time.monotonic any more");
        }
        // The call may replace it once more.
        References.retain(function);
        try {
            return Calls.call(function);
        } finally {
            References.release(function);
        }
    }
}
