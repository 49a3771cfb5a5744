package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Contexts;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.hint.Inlined;
import dev.pyloop.libc.SystemCallException;
import dev.pyloop.python.names.LoopFunctions;

/**
 * Begins, goes on with and ends the turns of one loop's sources, and reports what fails in them.
 *
 * <p>The calls that a turn asks for are made by the driver of the loop. Owned by the loop. Guarded by the GIL.
 */
final class TurnRunner {
    private final @Borrowed long self;
    private final LoopState state;
    private final RunnerThread runner;
    private final PendingSends sends;
    private final Errands errands;

    /** Makes the runner of the turns of {@code self}, the Python object, whose parts the others are. */
    TurnRunner(@Borrowed long self, LoopState state, RunnerThread runner, PendingSends sends, Errands errands) {
        this.self = self;
        this.state = state;
        this.runner = runner;
        this.sends = sends;
        this.errands = errands;
    }

    /** Begins the turn of {@code handle}; true if it asks for a call, after which {@link #goOn} follows. */
    @Inlined
    boolean begin(Turn turn, @Owned long handle) {
        turn.begin(handle, state.isDebug() ? state.seconds() : 0);
        return goOn(turn, Sources.BEGIN, Objects.NULL);
    }

    /** Begins the turn of {@code handle} as {@link #begin} does, where somebody else looks how long it takes. */
    boolean beginUntimed(Turn turn, @Owned long handle) {
        turn.begin(handle, Double.POSITIVE_INFINITY);
        return goOn(turn, Sources.BEGIN, Objects.NULL);
    }

    /** Goes on with a turn; true if it asks for a call, or errands do, when it is over. */
    boolean goOn(Turn turn, Turn.Step step, @Owned long result) {
        boolean failed = true;
        try {
            if (step.goOn(turn, result)) {
                return true;
            }
            failed = false;
        } catch (OutOfMemoryError e) {
            Errors.raise(e);
        } catch (SystemCallException e) {
            Errors.setOsError(e.errno());
        } catch (StackOverflowError | RuntimeException e) {
            Errors.raise(e);
        }
        endTurn(turn, failed);
        sends.endCallback();
        return !errands.isEmpty() && errands.request(turn, Turn.OVER);
    }

    /** Ends a turn, by the pending exception if it has failed. */
    @Inlined
    private void endTurn(Turn turn, boolean failed) {
        boolean fails = failed;
        @Owned long context = turn.takeContext();
        if (context != Objects.NULL) {
            if (!fails) {
                try {
                    // What its protocol has sent, in the context of that.
                    sends.datagrams().flushIfMany();
                } catch (OutOfMemoryError e) {
                    Errors.raise(e);
                    fails = true;
                } catch (StackOverflowError | RuntimeException e) {
                    Errors.raise(e);
                    fails = true;
                }
            }
            fails |= !Contexts.exit(runner.threadState(), context);
            Contexts.release(context);
        }
        @Owned long handle = turn.end();
        if (fails) {
            failTurn(turn, handle);
            if (handle != Objects.NULL) {
                References.release(Sources.object(handle));
            }
        } else if (handle != Objects.NULL) {
            try {
                if (state.isDebug()) {
                    logIfSlow(state.seconds() - turn.start);
                }
            } finally {
                References.release(Sources.object(handle));
            }
        }
    }

    /** Has the pending exception reported, if it is that of a source and does not leave the loop. */
    private void failTurn(Turn turn, @Borrowed long handle) {
        turn.releaseKept();
        if (handle == Objects.NULL) {
            throw PythonException.PENDING;
        }
        try {
            // The function may be looked up now, which is not to be done with an exception pending.
            @Owned long exception = Errors.take();
            @Borrowed long reporter = LoopFunctions.sourceReporter();
            Errors.restore(exception);
            errands.addReport(reporter, self, Sources.object(handle));
        } catch (OutOfMemoryError | PythonException e) {
            References.release(Sources.object(handle));
            throw e;
        }
    }

    private void logIfSlow(double seconds) {
        @Owned long number = Numbers.fromDouble(seconds);
        try {
            errands.add(LoopFunctions.slowLogger(), self, number);
        } finally {
            References.release(number);
        }
    }
}
