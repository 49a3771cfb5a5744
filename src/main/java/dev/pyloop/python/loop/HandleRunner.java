package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Contexts;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.hint.Inlined;
import dev.pyloop.python.names.HandleLayout;
import dev.pyloop.python.names.LoopFunctions;
import dev.pyloop.python.names.Names;
import dev.pyloop.transport.FlushList;

/**
 * Prepares and ends the calls of one loop's handles, and gives up the loop's references to them, as {@code Handle._run} and its
 * caller do. The calls themselves are made by the driver of the loop, so that no Java frame lies under them.
 *
 * <p>Almost every handle is one of ours that the program did not keep. Such a handle nobody can see or change while it
 * runs, so its references are used as they are and it goes back to its pool without another look. Guarded by the GIL; the
 * loop's thread only.
 */
final class HandleRunner {
    private static final long TUPLE_TYPE = Objects.type(Tuples.EMPTY);

    private final RunningHandle running = new RunningHandle();
    private final FlushList flushList;
    private final Errands errands;
    private long threadState;

    /**
     * Makes the runner of a loop whose datagram sockets enter in {@code flushList} what callbacks send, and which reports what
     * fails among its {@code errands}.
     */
    HandleRunner(FlushList flushList, Errands errands) {
        this.flushList = flushList;
        this.errands = errands;
    }

    /** Says in which thread handles run from now on, by its CPython thread state. */
    void setThreadState(long threadState) {
        this.threadState = threadState;
    }

    /** Returns what tells other threads which handle of {@code call_soon_threadsafe} runs. */
    RunningHandle running() {
        return running;
    }

    /**
     * Prepares the call of the handle's callback, if it was not cancelled.
     *
     * @return whether {@code call} is to be made, and then finished; otherwise the handle is done with
     */
    @Inlined
    boolean begin(@Owned long handle, HandleCall call) {
        HandlePool pool = Handles.poolOf(Objects.type(handle));
        if (pool != null && HandleLayout.isUnseen(handle) && !HandleLayout.isCancelled(handle)) {
            long callback = HandleLayout.slot(handle, HandleLayout.CALLBACK);
            long args = HandleLayout.slot(handle, HandleLayout.ARGS);
            long context = HandleLayout.slot(handle, HandleLayout.CONTEXT);
            if (areOrdinary(callback, args, context)) {
                call.set(pool, handle, callback, args, context);
                return enterUnseen(call);
            }
        }
        return beginSeen(handle, call);
    }

    /**
     * Prepares the call of {@code function}, with {@code arguments}, which runs the handle and reports what fails: whatever
     * it raises leaves the loop.
     *
     * @return true: {@code call} is to be made, and then finished
     */
    boolean beginIndirect(@Owned long handle, @Owned long function, @Owned long arguments, HandleCall call) {
        call.set(null, handle, function, arguments, Objects.NULL);
        return true;
    }

    /** Ends a call that returned {@code result}, or NULL with an exception pending. */
    @Inlined
    void finish(HandleCall call, @Owned long result) {
        HandlePool pool = call.pool;
        if (call.context == Objects.NULL) {
            finishIndirect(call.handle, call.callback, call.args, result);
        } else if (pool == null) {
            finishSeen(call.handle, call.callback, call.args, call.context, result);
        } else {
            finishUnseen(pool, call.handle, call.callback, call.args, call.context, result);
        }
    }

    @Inlined
    private boolean enterUnseen(HandleCall call) {
        if (Contexts.tryEnter(threadState, call.context)) {
            return true;
        }
        failAndRetire(call.handle);
        return false;
    }

    @Inlined
    private void finishUnseen(HandlePool pool, long handle, long callback, long args, long context, long result) {
        boolean left = false;
        try {
            left = leave(context, result);
        } catch (OutOfMemoryError | StackOverflowError | RuntimeException e) {
            // What the callback has put off may fail in any way, with what leaves the loop among them.
            pool.retire(handle);
            throw e;
        }
        if (left) {
            pool.keep(handle, callback, args, context);
        } else {
            failAndRetire(handle);
        }
    }

    /** Sends what the callback has put off, in its context, and leaves that; false with an exception pending. */
    @Inlined
    private boolean leave(long context, long result) {
        boolean succeeded = result != Objects.NULL;
        try {
            if (succeeded) {
                References.release(result);
                // After a failure it is left to the loop.
                flushList.flushIfMany();
            }
        } finally {
            succeeded &= Contexts.exit(threadState, context);
        }
        return succeeded;
    }

    /** For a handle that the program may have, or that it has changed. */
    private boolean beginSeen(long handle, HandleCall call) {
        boolean begun = false;
        try {
            if (HandleLayout.isCancelled(handle)) {
                return false;
            }
            long callback = HandleLayout.slot(handle, HandleLayout.CALLBACK);
            long args = HandleLayout.slot(handle, HandleLayout.ARGS);
            long context = HandleLayout.slot(handle, HandleLayout.CONTEXT);
            if (!Handles.isKnown(Objects.type(handle)) || !areOrdinary(callback, args, context)) {
                begun = beginIndirect(
                        handle, Objects.getAttribute(handle, Names.RUN), References.retain(Tuples.EMPTY), call);
            } else if (Contexts.tryEnter(threadState, context)) {
                // The callback may cancel its own handle, and so take these from under the call.
                References.retain(callback);
                References.retain(args);
                References.retain(context);
                call.set(null, handle, callback, args, context);
                running.begin(handle);
                begun = true;
            } else {
                fail(handle);
            }
            return begun;
        } finally {
            if (!begun) {
                Handles.retire(handle);
            }
        }
    }

    private void finishSeen(long handle, long callback, long args, long context, long result) {
        try {
            if (!leave(context, result)) {
                fail(handle);
            }
        } finally {
            running.end();
            References.release(callback);
            References.release(args);
            References.release(context);
            Handles.retire(handle);
        }
    }

    private void finishIndirect(long handle, long function, long arguments, long result) {
        References.release(function);
        References.release(arguments);
        try {
            if (result == Objects.NULL) {
                throw PythonException.PENDING;
            }
            References.release(result);
            flushInContextOf(handle);
        } catch (OutOfMemoryError | StackOverflowError | RuntimeException e) {
            Handles.retire(handle);
            throw e;
        }
        Handles.retire(handle);
    }

    /** Sends the datagrams that the callback of a handle that has run by other means has put off, in the callback's context. */
    private void flushInContextOf(@Borrowed long handle) {
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

    /** Tells whether a handle holds what it has when it is made; a program can put anything there. */
    @Inlined
    private static boolean areOrdinary(long callback, long args, long context) {
        return callback != Objects.NULL
                && args != Objects.NULL
                && Objects.type(args) == TUPLE_TYPE
                && context != Objects.NULL
                && Contexts.isContext(context);
    }

    private void failAndRetire(@Owned long handle) {
        try {
            fail(handle);
        } finally {
            Handles.retire(handle);
        }
    }

    /** Has the pending exception reported, or throws it if it is one that leaves the loop. */
    private void fail(@Borrowed long handle) {
        if (Errors.pendingLeavesLoop()) {
            throw PythonException.PENDING;
        }
        long exception = Errors.take();
        try {
            errands.add(LoopFunctions.failureReporter(), handle, exception);
        } finally {
            References.release(exception);
        }
    }
}
