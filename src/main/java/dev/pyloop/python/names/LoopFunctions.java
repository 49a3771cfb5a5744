package dev.pyloop.python.names;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;

/**
 * The functions of {@code pyloop._for_engine.callbacks}, the Python code that Java calls. Each may raise.
 *
 * <p>Guarded by the GIL.
 */
public final class LoopFunctions {
    private static final String MODULE = "pyloop._for_engine.callbacks";

    private static final class Breath {
        static final @Borrowed long TAKE = Imports.attribute(MODULE, "breathe");
    }

    private static final class Failure {
        static final @Borrowed long REPORT = Imports.attribute(MODULE, "report_failure");
    }

    private static final class Debug {
        static final @Borrowed long RUN = Imports.attribute(MODULE, "run_in_debug_mode");
    }

    private static final class Source {
        static final @Borrowed long REPORT = Imports.attribute(MODULE, "report_source");
    }

    private static final class Slow {
        static final @Borrowed long LOG = Imports.attribute(MODULE, "log_if_slow");
        static final @Borrowed long REPORT = Imports.attribute(MODULE, "report_slow");
    }

    private static final class Turns {
        static final @Borrowed long OF = Imports.attribute(MODULE, "turn_of");
        static final @Borrowed long QUEUE = Imports.attribute(MODULE, "queue_turn");
    }

    private static final class Wakeup {
        static final @Borrowed long KEEP = Imports.attribute(MODULE, "keep_wakeup");
    }

    private static final class Look {
        static final @Borrowed long AGAIN = Imports.attribute(MODULE, "look_again");
    }

    private static final class Scheduled {
        static final @Borrowed long TAKE = Imports.attribute(MODULE, "take_scheduled");
    }

    private static final class Descriptor {
        static final @Borrowed long OF = Imports.attribute(MODULE, "descriptor_of");
    }

    private LoopFunctions() {}

    /**
     * Returns the function whose call lets the interpreter do what it does between two instructions of Python code: handle
     * signals, give the GIL to a thread that asked for it.
     *
     * <p>Releasing the GIL and taking it again would be no such thing: a waiting thread hardly ever wakes up in time, and
     * its request, which would be heeded, is put off each time.
     */
    public static @Borrowed long breath() {
        return Breath.TAKE;
    }

    /** Returns the function that hands a callback's exception to the exception handler of its handle's loop. */
    public static @Borrowed long failureReporter() {
        return Failure.REPORT;
    }

    /** Returns the function that runs a loop's handle with its record of what runs, and logs it when it is slow. */
    public static @Borrowed long debugRunner() {
        return Debug.RUN;
    }

    /** Returns the function that reports an exception of a source's: neither a callback's nor a protocol's. */
    public static @Borrowed long sourceReporter() {
        return Source.REPORT;
    }

    /** Returns the function that logs, in debug mode, that the loop spent long on a transport. */
    public static @Borrowed long slowLogger() {
        return Slow.LOG;
    }

    /** Returns the function that hears of a callback, or a call of a source's, that took long. */
    public static @Borrowed long slowReporter() {
        return Slow.REPORT;
    }

    /** Returns an {@code asyncio.Handle} for the turn of a source. */
    public static @Owned long turnOf(@Borrowed long loop, @Borrowed long source, int kind) {
        return withKind(Turns.OF, loop, source, kind);
    }

    /** Schedules a call by the loop's {@code call_soon}, which is the program's; NULL stands for no context. */
    public static void callSoon(
            @Borrowed long loop, @Borrowed long callback, @Borrowed long argument, @Borrowed long contextOrNull) {
        @Owned long method = Objects.getAttribute(loop, Names.CALL_SOON);
        try {
            References.release(
                    contextOrNull == Objects.NULL
                            ? Calls.callWith(method, callback, argument)
                            : Stock.callInContext(method, callback, argument, contextOrNull));
        } finally {
            References.release(method);
        }
    }

    /** Queues the turn of a source by the loop's {@code call_soon}. */
    public static void queueTurn(@Borrowed long loop, @Borrowed long source, int kind) {
        References.release(withKind(Turns.QUEUE, loop, source, kind));
    }

    /** Has signals written to a descriptor of the program's as before, which was not asked whether to warn when it is full. */
    public static void keepWakeup(int descriptor) {
        long number = Numbers.fromLong(descriptor);
        try {
            References.release(Calls.call(Wakeup.KEEP, number));
        } finally {
            References.release(number);
        }
    }

    /** Looks whether the program has replaced methods that run callbacks. */
    public static void lookAgain(@Borrowed long loop) {
        References.release(Calls.call(Look.AGAIN, loop));
    }

    /** Schedules what asyncio's code, or the program, has entered in the loop's list of timers. */
    public static void takeScheduled(@Borrowed long loop) {
        References.release(Calls.call(Scheduled.TAKE, loop));
    }

    private static @Owned long withKind(long function, long loop, long source, int kind) {
        long number = Numbers.fromLong(kind);
        try {
            return Calls.callWith(function, loop, source, number);
        } finally {
            References.release(number);
        }
    }

    /** Returns the descriptor, as a Python int, of an object with a {@code fileno} method. */
    public static long descriptorOf(@Borrowed long loop, @Borrowed long file) {
        return Calls.callWith(Descriptor.OF, loop, file);
    }
}
