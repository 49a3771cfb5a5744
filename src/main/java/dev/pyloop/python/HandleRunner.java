package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Contexts;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.hint.Inlined;
import dev.pyloop.transport.FlushList;

/**
 * Runs the handles of one loop and gives up the loop's references to them, as {@code Handle._run} and its caller do.
 *
 * <p>Almost every handle is one of ours that the program did not keep. Such a handle nobody can see or change while it
 * runs, so its references are used as they are and it goes back to its pool without another look. Guarded by the GIL; the
 * loop's thread only.
 */
final class HandleRunner {
    private static final long TUPLE_TYPE = Objects.type(Tuples.EMPTY);

    private final RunningHandle running = new RunningHandle();
    private final FlushList flushList;
    private long threadState;

    /** Makes the runner of a loop whose datagram sockets enter in {@code flushList} what callbacks send. */
    HandleRunner(FlushList flushList) {
        this.flushList = flushList;
    }

    /** Says in which thread handles run from now on, by its CPython thread state. */
    void setThreadState(long threadState) {
        this.threadState = threadState;
    }

    /** Returns what tells other threads which handle of {@code call_soon_threadsafe} runs. */
    RunningHandle running() {
        return running;
    }

    /** Runs the handle's callback unless it was cancelled. */
    @Inlined
    void run(@Owned long handle) {
        HandlePool pool = Handles.poolOf(Objects.type(handle));
        if (pool != null && HandleLayout.isUnseen(handle) && !HandleLayout.isCancelled(handle)) {
            long callback = HandleLayout.slot(handle, HandleLayout.CALLBACK);
            long args = HandleLayout.slot(handle, HandleLayout.ARGS);
            long context = HandleLayout.slot(handle, HandleLayout.CONTEXT);
            if (areOrdinary(callback, args, context)) {
                runUnseen(pool, handle, callback, args, context);
                return;
            }
        }
        runSeen(handle);
    }

    @Inlined
    private void runUnseen(HandlePool pool, long handle, long callback, long args, long context) {
        boolean succeeded = false;
        if (Contexts.tryEnterOwned(threadState, context)) {
            try {
                long result = call(callback, args);
                succeeded = result != Objects.NULL;
                if (succeeded) {
                    References.release(result);
                    // In the callback's context; after a failure it is left to the loop.
                    flushList.flushIfMany();
                }
            } finally {
                Contexts.exitOwned(threadState, context);
                if (succeeded) {
                    pool.keep(handle, callback, args, context);
                }
            }
        }
        if (!succeeded) {
            failAndRetire(handle);
        }
    }

    /** For a handle that the program may have, or that it has changed. */
    private void runSeen(long handle) {
        try {
            if (HandleLayout.isCancelled(handle)) {
                return;
            }
            long callback = HandleLayout.slot(handle, HandleLayout.CALLBACK);
            long args = HandleLayout.slot(handle, HandleLayout.ARGS);
            long context = HandleLayout.slot(handle, HandleLayout.CONTEXT);
            if (Handles.isKnown(Objects.type(handle)) && areOrdinary(callback, args, context)) {
                runSeen(handle, callback, args, context);
            } else {
                Stock.run(handle);
            }
        } finally {
            Handles.retire(handle);
        }
    }

    private void runSeen(long handle, long callback, long args, long context) {
        // The callback may cancel its own handle, and so take these from under the call.
        References.retain(callback);
        References.retain(args);
        References.retain(context);
        running.begin(handle);
        try {
            if (!invoke(callback, args, context)) {
                fail(handle);
            }
        } finally {
            running.end();
            References.release(callback);
            References.release(args);
            References.release(context);
        }
    }

    private boolean invoke(long callback, long args, long context) {
        if (!Contexts.tryEnter(threadState, context)) {
            return false;
        }
        try {
            long result = call(callback, args);
            boolean succeeded = result != Objects.NULL;
            if (succeeded) {
                References.release(result);
                flushList.flushIfMany();
            }
            return succeeded;
        } finally {
            Contexts.exit(threadState, context);
        }
    }

    /** Sends the datagrams that the callback of a handle that has run by other means has put off, in the callback's context. */
    void flushInContextOf(@Borrowed long handle) {
        long context = HandleLayout.slot(handle, HandleLayout.CONTEXT);
        if (flushList.isEmpty() || context == Objects.NULL || !Contexts.isContext(context)) {
            return;
        }
        if (!Contexts.tryEnter(threadState, context)) {
            throw PythonException.PENDING;
        }
        try {
            flushList.flushIfMany();
        } finally {
            Contexts.exit(threadState, context);
        }
    }

    @Inlined
    private static long call(long callback, long args) {
        long count = Tuples.size(args);
        return count == 0 ? Calls.tryCall(callback) : Calls.tryCall(callback, Tuples.items(args), count, Objects.NULL);
    }

    /** Tells whether a handle holds what it has when it is made; a program can put anything there. */
    @Inlined
    private static boolean areOrdinary(long callback, long args, long context) {
        return callback != Objects.NULL
                && args != Objects.NULL
                && Objects.type(args) == TUPLE_TYPE
                && context != Objects.NULL
                && Contexts.isContext(context);
    }

    private static void failAndRetire(@Owned long handle) {
        try {
            fail(handle);
        } finally {
            Handles.retire(handle);
        }
    }

    /** Reports the pending exception, or throws it if it is one that leaves the loop. */
    private static void fail(@Borrowed long handle) {
        if (Errors.pendingLeavesLoop()) {
            throw PythonException.PENDING;
        }
        long exception = Errors.take();
        try {
            PythonSide.reportFailure(handle, exception);
        } finally {
            References.release(exception);
        }
    }
}
