package dev.pyloop.python.loop;

import dev.pyloop.cpython.Gil;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.hint.Inlined;
import org.jspecify.annotations.Nullable;

/** Which thread runs a loop, so that its thread state need not be asked for. Owned by the loop. Guarded by the GIL. */
final class RunnerThread {
    private @Nullable Thread thread;
    private long state;
    /** How many runs have begun and not ended: more than one where a callback runs its own loop. */
    private int runs;

    /** Returns the thread; null if none runs the loop. */
    @Nullable
    Thread thread() {
        return thread;
    }

    /** The calling thread begins a run; true if it is not inside another one. */
    boolean begin() {
        if (runs > 0 && thread != Thread.currentThread()) {
            throw PythonException.runtimeError("This event loop is already running");
        }
        if (runs++ > 0) {
            return false;
        }
        thread = Thread.currentThread();
        state = Gil.threadState();
        return true;
    }

    /** A run has ended; true if it was the outermost. */
    boolean end() {
        if (--runs > 0) {
            return false;
        }
        thread = null;
        return true;
    }

    /** Tells whether a run has begun and not ended. */
    @Inlined
    boolean isInRun() {
        return runs != 0;
    }

    /** The runs that go on are none of ours any more. */
    void forget() {
        thread = null;
    }

    /** Returns the CPython thread state of the calling thread. */
    @Inlined
    long threadState() {
        return Thread.currentThread() == thread ? state : Gil.threadState();
    }
}
