package dev.pyloop.python.names;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Types;
import dev.pyloop.hint.Inlined;
import dev.pyloop.memory.Memory;

/**
 * Where {@code asyncio.Handle} and {@code asyncio.TimerHandle} keep their {@code __slots__}.
 *
 * <p>Read from the member descriptors of the running interpreter, so a version that adds or reorders slots needs no
 * change here. Instances of our subclasses have the same layout: they add no storage. A slot is NULL when its attribute
 * was deleted.
 */
public final class HandleLayout {
    private static final String EVENTS = "asyncio.events";

    /** {@code asyncio.Handle}. */
    public static final @Borrowed long STOCK_HANDLE;
    /** {@code asyncio.TimerHandle}. */
    public static final @Borrowed long STOCK_TIMER;

    /** {@code asyncio.events._ThreadSafeHandle}, which there is from 3.14 on; before that, {@code asyncio.Handle}. */
    public static final @Borrowed long STOCK_THREADSAFE_HANDLE;

    public static final long CALLBACK;
    public static final long ARGS;
    public static final long CONTEXT;
    public static final long LOOP;
    public static final long CANCELLED;
    public static final long REPR;
    public static final long SOURCE_TRACEBACK;
    public static final long WHEN;
    public static final long SCHEDULED;
    static final long WEAK_LIST;

    static {
        STOCK_HANDLE = Imports.attribute(EVENTS, "Handle");
        STOCK_TIMER = Imports.attribute(EVENTS, "TimerHandle");
        STOCK_THREADSAFE_HANDLE = Imports.hasAttribute(EVENTS, "_ThreadSafeHandle")
                ? Imports.attribute(EVENTS, "_ThreadSafeHandle")
                : STOCK_HANDLE;
        CALLBACK = Types.slotOffset(STOCK_HANDLE, "_callback");
        ARGS = Types.slotOffset(STOCK_HANDLE, "_args");
        CONTEXT = Types.slotOffset(STOCK_HANDLE, "_context");
        LOOP = Types.slotOffset(STOCK_HANDLE, "_loop");
        CANCELLED = Types.slotOffset(STOCK_HANDLE, "_cancelled");
        REPR = Types.slotOffset(STOCK_HANDLE, "_repr");
        SOURCE_TRACEBACK = Types.slotOffset(STOCK_HANDLE, "_source_traceback");
        WHEN = Types.slotOffset(STOCK_TIMER, "_when");
        SCHEDULED = Types.slotOffset(STOCK_TIMER, "_scheduled");
        WEAK_LIST = Types.weakListOffset(STOCK_HANDLE);
    }

    private HandleLayout() {}

    /** Tells whether the handle was cancelled. */
    @Inlined
    public static boolean isCancelled(@Borrowed long handle) {
        return Memory.getLong(handle + CANCELLED) != Objects.FALSE;
    }

    /** Returns the object in the slot at {@code offset}, or NULL. */
    @Inlined
    public static @Borrowed long slot(@Borrowed long handle, long offset) {
        return Memory.getLong(handle + offset);
    }

    /**
     * Tells whether neither the program nor the garbage collector can see the handle: nothing leads to it but the caller's
     * reference.
     */
    @Inlined
    public static boolean isUnseen(@Borrowed long handle) {
        return isPrivate(handle) && !Types.isTracked(handle);
    }

    /** Tells whether nothing but the caller's reference leads to the handle. */
    @Inlined
    public static boolean isPrivate(@Borrowed long handle) {
        return References.isUnique(handle) && Memory.getLong(handle + WEAK_LIST) == Objects.NULL;
    }
}
