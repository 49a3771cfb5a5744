package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Types;
import dev.pyloop.memory.Memory;

/**
 * Handles of one type, kept for the next {@code call_soon} instead of being freed.
 *
 * <p>A pooled handle is an ordinary instance whose callback, arguments, context and loop are NULL; the pool holds its one
 * reference. The garbage collector does not track a handle while it is queued, which is the whole life of almost every
 * handle: the loop shows the collector its contents instead. One that the program keeps is tracked from
 * {@link #retire} on. Guarded by the GIL, shared by all loops.
 */
final class HandlePool {
    private static final int CAPACITY = 4096;

    private final @Borrowed long type;
    private final boolean timers;
    private final long[] pooled = new long[CAPACITY];
    private int size;

    /** Makes an empty pool of {@code type}, which lives as long as the process. */
    HandlePool(@Borrowed long type, boolean timers) {
        this.type = type;
        this.timers = timers;
    }

    /** Returns the type of the handles. */
    @Borrowed
    long type() {
        return type;
    }

    /** Returns a handle that is not cancelled, takes the three references over and refers to {@code loop}. */
    @Owned
    long take(@Owned long callback, @Owned long args, @Owned long context, @Borrowed long loop) {
        long handle = size > 0 ? pooled[--size] : create();
        Memory.putLong(handle + HandleLayout.CALLBACK, callback);
        Memory.putLong(handle + HandleLayout.ARGS, args);
        Memory.putLong(handle + HandleLayout.CONTEXT, context);
        Memory.putLong(handle + HandleLayout.LOOP, References.retain(loop));
        return handle;
    }

    /** Gives up the loop's reference to a handle of this type, and keeps the handle if nobody else has one. */
    void retire(@Owned long handle) {
        if (Types.isTracked(handle)) {
            References.release(handle);
        } else if (HandleLayout.isPrivate(handle) && size < CAPACITY) {
            keep(handle);
        } else {
            // From now on it may be part of a cycle.
            Types.track(handle);
            References.release(handle);
        }
    }

    private void keep(long handle) {
        long callback = Memory.getLong(handle + HandleLayout.CALLBACK);
        long args = Memory.getLong(handle + HandleLayout.ARGS);
        long context = Memory.getLong(handle + HandleLayout.CONTEXT);
        long loop = Memory.getLong(handle + HandleLayout.LOOP);
        reset(handle);
        pooled[size++] = handle;
        // Last, because destructors may run any code, which may take the handle out of the pool again.
        References.releaseUnlessNull(callback);
        References.releaseUnlessNull(args);
        References.releaseUnlessNull(context);
        References.releaseUnlessNull(loop);
    }

    private void reset(long handle) {
        Memory.putLong(handle + HandleLayout.CALLBACK, Objects.NULL);
        Memory.putLong(handle + HandleLayout.ARGS, Objects.NULL);
        Memory.putLong(handle + HandleLayout.CONTEXT, Objects.NULL);
        Memory.putLong(handle + HandleLayout.LOOP, Objects.NULL);
        if (HandleLayout.isCancelled(handle)) {
            References.replaceSlot(handle + HandleLayout.CANCELLED, Objects.bool(false));
        }
        if (Memory.getLong(handle + HandleLayout.REPR) != Objects.NONE) {
            References.replaceSlot(handle + HandleLayout.REPR, Objects.none());
        }
        if (Memory.getLong(handle + HandleLayout.SOURCE_TRACEBACK) != Objects.NONE) {
            References.replaceSlot(handle + HandleLayout.SOURCE_TRACEBACK, Objects.none());
        }
        if (timers) {
            References.releaseSlot(handle + HandleLayout.WHEN);
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
}
