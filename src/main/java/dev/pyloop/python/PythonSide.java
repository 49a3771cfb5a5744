package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.References;

/**
 * The functions of {@code pyloop._callbacks}, the Python code that Java calls. Each may raise.
 *
 * <p>Guarded by the GIL.
 */
final class PythonSide {
    private static final String MODULE = "pyloop._callbacks";

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
    }

    private static final class Descriptor {
        static final @Borrowed long OF = Imports.attribute(MODULE, "descriptor_of");
    }

    private PythonSide() {}

    /**
     * Returns the function whose call lets the interpreter do what it does between two instructions of Python code: handle
     * signals, give the GIL to a thread that asked for it.
     *
     * <p>Releasing the GIL and taking it again would be no such thing: a waiting thread hardly ever wakes up in time, and
     * its request, which would be heeded, is put off each time.
     */
    static @Borrowed long breath() {
        return Breath.TAKE;
    }

    /** Calls it, when no signal is known to have come. */
    static void breathe() {
        References.release(Calls.call(Breath.TAKE));
    }

    /** Returns the function that hands a callback's exception to the exception handler of its handle's loop. */
    static @Borrowed long failureReporter() {
        return Failure.REPORT;
    }

    /** Returns the function that runs a loop's handle with its record of what runs, and logs it when it is slow. */
    static @Borrowed long debugRunner() {
        return Debug.RUN;
    }

    /** Returns the function that reports an exception of a source's: neither a callback's nor a protocol's. */
    static @Borrowed long sourceReporter() {
        return Source.REPORT;
    }

    /** Returns the function that logs, in debug mode, that the loop spent long on a transport. */
    static @Borrowed long slowLogger() {
        return Slow.LOG;
    }

    /** Returns the descriptor, as a Python int, of an object with a {@code fileno} method. */
    static long descriptorOf(@Borrowed long loop, @Borrowed long file) {
        return Calls.callWith(Descriptor.OF, loop, file);
    }
}
