package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.python.names.LoopFunctions;

/**
 * Measures how long each call of one loop takes, once somebody has asked for that, and has Python told of those that take long.
 *
 * <p>Owned by the loop. Guarded by the GIL.
 */
final class SlowCalls {
    /** In place of the time when a call began. */
    static final long NOT_MEASURED = 0;

    private static final long OFF = 0;
    private static final double NANOS_PER_SECOND = 1e9;

    private final @Borrowed long loop;
    private final Errands errands;
    private long threshold = OFF;
    private @Borrowed long reporter = Objects.NULL;

    /** Makes what measures the calls of {@code loop}, the Python object. */
    SlowCalls(@Borrowed long loop, Errands errands) {
        this.loop = loop;
        this.errands = errands;
    }

    /** Has every call measured from now on, and those reported that take so many nanoseconds or more; 0 for none. */
    void setThreshold(long nanos) {
        if (nanos > OFF) {
            // Looks it up, which is not to be done with an exception pending.
            reporter = LoopFunctions.slowReporter();
        }
        threshold = Math.max(nanos, OFF);
    }

    /** A call is about to be made. */
    void begin(HandleCall call) {
        call.start = System.nanoTime();
    }

    /** A call was made that {@link #begin} knows of; it returned {@code result}, or NULL with an exception pending. */
    void end(HandleCall call, @Borrowed long result) {
        long nanos = System.nanoTime() - call.start;
        call.start = NOT_MEASURED;
        boolean isTurn = call.turn.isAsking();
        // What has no handle runs errands, such as reports of slow calls.
        if (threshold == OFF || nanos < threshold || (isTurn && call.turn.handle() == Objects.NULL)) {
            return;
        }
        @Owned long exception = result == Objects.NULL ? Errors.take() : Objects.NULL;
        try {
            report(
                    isTurn ? Sources.object(call.turn.handle()) : call.callback,
                    isTurn ? Objects.NONE : call.args,
                    nanos / NANOS_PER_SECOND);
        } finally {
            if (exception != Objects.NULL) {
                Errors.restore(exception);
            }
        }
    }

    private void report(@Borrowed long subject, @Borrowed long arguments, double seconds) {
        @Owned long number = Numbers.fromDouble(seconds);
        try {
            errands.add(reporter, loop, subject, arguments, number);
        } finally {
            References.release(number);
        }
    }
}
