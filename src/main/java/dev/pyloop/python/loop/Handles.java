package dev.pyloop.python.loop;

import dev.pyloop.cpython.ArgumentTuples;
import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Contexts;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.hint.Inlined;
import dev.pyloop.memory.Memory;
import dev.pyloop.python.names.HandleLayout;
import dev.pyloop.python.names.Stock;
import org.jspecify.annotations.Nullable;

/**
 * The handles of all loops: the pools that keep ours, and what the engine does with one of any type.
 *
 * <p>Guarded by the GIL.
 */
final class Handles {
    /** Handles of {@code call_soon} and of watched descriptors. */
    static final HandlePool SOON = new HandlePool(false);
    /** Handles of {@code call_soon_threadsafe}; the same as of {@code call_soon} where asyncio makes no difference. */
    static final HandlePool THREADSAFE =
            HandleLayout.STOCK_THREADSAFE_HANDLE == HandleLayout.STOCK_HANDLE ? SOON : new HandlePool(false);
    /** Handles of timers. */
    static final HandlePool TIMERS = new HandlePool(true);

    private Handles() {}

    /**
     * Marks the handle as cancelled and drops its callback and arguments, as {@code Handle.cancel} does.
     *
     * @param debug whether its loop is in debug mode, in which asyncio's code also keeps what to show of it
     */
    static void cancel(@Borrowed long handle, boolean debug) {
        if (HandleLayout.isCancelled(handle)) {
            return;
        }
        if (debug) {
            Stock.cancel(handle);
        } else {
            markCancelled(handle);
        }
    }

    /** Marks a handle that is not cancelled yet, and drops its callback and arguments. */
    static void markCancelled(long handle) {
        References.replaceSlot(handle + HandleLayout.CANCELLED, Objects.bool(true));
        long callback = Memory.getLong(handle + HandleLayout.CALLBACK);
        long args = Memory.getLong(handle + HandleLayout.ARGS);
        Memory.putLong(handle + HandleLayout.CALLBACK, Objects.none());
        Memory.putLong(handle + HandleLayout.ARGS, Objects.none());
        References.releaseUnlessNull(callback);
        if (args != Objects.NULL) {
            ArgumentTuples.release(args);
        }
    }

    /** Returns the pool of handles of this very type; null for all types but the three here. */
    @Inlined
    static @Nullable HandlePool poolOf(@Borrowed long type) {
        if (type == SOON.type()) {
            return SOON;
        }
        if (type == TIMERS.type()) {
            return TIMERS;
        }
        return type == THREADSAFE.type() ? THREADSAFE : null;
    }

    /** Tells whether {@code type} is one of ours or asyncio's own, and not a subclass with ideas of its own. */
    static boolean isKnown(@Borrowed long type) {
        return poolOf(type) != null || type == HandleLayout.STOCK_HANDLE || type == HandleLayout.STOCK_TIMER;
    }

    /** Gives up the loop's reference to a handle of any type. */
    static void retire(@Owned long handle) {
        HandlePool pool = poolOf(Objects.type(handle));
        if (pool != null) {
            pool.retire(handle);
        } else {
            References.release(handle);
        }
    }

    /** Frees some of what is kept for the next use, if that is much: the loop is going to sleep. */
    static void trimPools() {
        SOON.trim();
        THREADSAFE.trim();
        TIMERS.trim();
        ArgumentTuples.trim();
        Contexts.trimPool();
    }

    /** Takes note whether the timer is in the heap. */
    static void setScheduled(@Borrowed long timer, boolean scheduled) {
        References.replaceSlot(timer + HandleLayout.SCHEDULED, Objects.bool(scheduled));
    }

    /** Tells whether {@code object} is an asyncio timer, ours or not. */
    static boolean isTimer(@Borrowed long object) {
        return Objects.isInstance(object, HandleLayout.STOCK_TIMER);
    }
}
