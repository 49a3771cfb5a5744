package dev.pyloop.python.loop;

import dev.pyloop.cpython.ArgumentTuples;
import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Contexts;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.Pool;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Types;
import dev.pyloop.hint.Inlined;
import dev.pyloop.memory.Memory;
import dev.pyloop.python.names.HandleLayout;

/**
 * Handles of one type, kept for the next {@code call_soon} instead of being freed.
 *
 * <p>A pooled handle is an ordinary instance whose callback, arguments, context and loop are left over and no longer its
 * own; the pool holds its one reference, and nobody can see it. Its context stays its own if nobody else has that, for
 * most callbacks run in a copy of the current one: then the copy is made in there. The garbage collector does not track a handle while it is
 * queued, which is the whole life of almost every handle: the loop shows the collector its contents instead. One that the
 * program keeps is tracked from {@link #retire} on. Guarded by the GIL, shared by all loops.
 */
final class HandlePool {
    private static final int CAPACITY = 1 << 16;

    private @Borrowed long type = Objects.NULL;
    private final boolean timers;
    /** Those without a context. */
    private final Pool bare = new Pool(CAPACITY);
    /** Those whose context has no variables, and is nobody else's. */
    private final Pool withContext = new Pool(CAPACITY);

    /** Makes an empty pool, of handles or of timers. */
    HandlePool(boolean timers) {
        this.timers = timers;
    }

    /** Says of which type the handles are; it lives as long as the process. */
    void setType(@Borrowed long type) {
        this.type = type;
    }

    /** Returns the type of the handles. */
    @Borrowed
    @Inlined
    long type() {
        return type;
    }

    /** Returns a handle that is not cancelled, takes the three references over and refers to {@code loop}. */
    @Owned
    @Inlined
    long take(@Owned long callback, @Owned long args, @Owned long context, @Borrowed long loop) {
        long handle = bare.isEmpty() ? create() : bare.take();
        Memory.putLong(handle + HandleLayout.CONTEXT, context);
        return fill(handle, callback, args, loop);
    }

    /** As {@link #take}; the context is a copy of the current one of the thread that {@code threadState} belongs to. */
    @Owned
    @Inlined
    long takeInCopy(@Owned long callback, @Owned long args, long threadState, @Borrowed long loop) {
        if (withContext.isEmpty()) {
            return take(callback, args, Contexts.copyCurrent(threadState), loop);
        }
        long handle = withContext.take();
        Contexts.copyCurrentTo(HandleLayout.slot(handle, HandleLayout.CONTEXT), threadState);
        return fill(handle, callback, args, loop);
    }

    @Inlined
    private static @Owned long fill(@Owned long handle, @Owned long callback, @Owned long args, @Borrowed long loop) {
        Memory.putLong(handle + HandleLayout.CALLBACK, callback);
        Memory.putLong(handle + HandleLayout.ARGS, args);
        Memory.putLong(handle + HandleLayout.LOOP, References.retain(loop));
        return handle;
    }

    /**
     * Gives a timer its deadline, a float of the given value: the one that the timer had before, as a rule, for if nobody
     * else has it, nobody sees it change.
     */
    @Inlined
    static void setDeadline(@Borrowed long timer, double when) {
        long previous = HandleLayout.slot(timer, HandleLayout.WHEN);
        if (previous != Objects.NULL && Numbers.isFloat(previous) && References.isUnique(previous)) {
            Numbers.setValue(previous, when);
        } else {
            setDeadline(timer, Numbers.fromDouble(when));
        }
    }

    /** Gives a timer its deadline. */
    @Inlined
    static void setDeadline(@Borrowed long timer, @Owned long when) {
        References.replaceSlot(timer + HandleLayout.WHEN, when);
    }

    /** Gives up the loop's reference to a handle of this type, and keeps the handle if nobody else has one. */
    void retire(@Owned long handle) {
        if (Types.isTracked(handle)) {
            References.release(handle);
        } else if (HandleLayout.isPrivate(handle)) {
            keep(
                    handle,
                    HandleLayout.slot(handle, HandleLayout.CALLBACK),
                    HandleLayout.slot(handle, HandleLayout.ARGS),
                    HandleLayout.slot(handle, HandleLayout.CONTEXT));
        } else {
            // From now on it may be part of a cycle.
            track(handle);
            References.release(handle);
        }
    }

    /** Has the garbage collector track a handle that it did not track before, as somebody has it besides the loop. */
    static void track(@Borrowed long handle) {
        Types.track(handle);
        long args = HandleLayout.slot(handle, HandleLayout.ARGS);
        if (args != Objects.NULL) {
            ArgumentTuples.track(args);
        }
    }

    /** Keeps a handle that nobody else can see; the other arguments are what its slots hold. */
    @Inlined
    void keep(@Owned long handle, @Owned long callback, @Owned long args, @Owned long context) {
        long loop = HandleLayout.slot(handle, HandleLayout.LOOP);
        reset(handle);
        if (context != Objects.NULL && Contexts.isPrivate(context) && !withContext.isFull()) {
            long variables = Contexts.empty(context);
            withContext.put(handle);
            release(callback, args, loop);
            References.releaseUnlessNull(variables);
        } else {
            keepBare(handle);
            release(callback, args, loop);
            References.releaseUnlessNull(context);
        }
    }

    @Inlined
    private void keepBare(@Owned long handle) {
        if (bare.isFull()) {
            Memory.putLong(handle + HandleLayout.CONTEXT, Objects.NULL);
            free(handle);
        } else {
            bare.put(handle);
        }
    }

    /** To be called last, because destructors may run any code, which may take the handle out of the pool again. */
    @Inlined
    private static void release(@Owned long callback, @Owned long args, @Owned long loop) {
        References.releaseUnlessNull(callback);
        if (args != Objects.NULL) {
            ArgumentTuples.release(args);
        }
        References.releaseUnlessNull(loop);
    }

    /** Frees some of the pooled handles if there are many; repeated, it comes to an end. */
    @Inlined
    void trim() {
        if (withContext.hasExcess() || bare.hasExcess()) {
            freeSome();
        }
    }

    private void freeSome() {
        for (int n = withContext.excess(); n > 0; n--) {
            free(withContext.take());
        }
        for (int n = bare.excess(); n > 0; n--) {
            long handle = bare.take();
            Memory.putLong(handle + HandleLayout.CONTEXT, Objects.NULL);
            free(handle);
        }
    }

    @Inlined
    private void reset(long handle) {
        if (HandleLayout.isCancelled(handle)) {
            References.replaceSlot(handle + HandleLayout.CANCELLED, Objects.bool(false));
        }
        if (Memory.getLong(handle + HandleLayout.REPR) != Objects.NONE) {
            References.replaceSlot(handle + HandleLayout.REPR, Objects.none());
        }
        if (Memory.getLong(handle + HandleLayout.SOURCE_TRACEBACK) != Objects.NONE) {
            References.replaceSlot(handle + HandleLayout.SOURCE_TRACEBACK, Objects.none());
        }
    }

    private long create() {
        long handle = Types.allocateUntracked(type);
        Memory.putLong(handle + HandleLayout.CANCELLED, Objects.bool(false));
        Memory.putLong(handle + HandleLayout.REPR, Objects.none());
        Memory.putLong(handle + HandleLayout.SOURCE_TRACEBACK, Objects.none());
        if (timers) {
            Memory.putLong(handle + HandleLayout.SCHEDULED, Objects.bool(false));
        }
        return handle;
    }

    /** Frees a handle whose callback, arguments and loop are no longer its own. */
    private static void free(@Owned long handle) {
        // Its context and the deadline of a timer stay its own, and go with it.
        Memory.putLong(handle + HandleLayout.CALLBACK, Objects.NULL);
        Memory.putLong(handle + HandleLayout.ARGS, Objects.NULL);
        Memory.putLong(handle + HandleLayout.LOOP, Objects.NULL);
        References.release(handle);
    }
}
