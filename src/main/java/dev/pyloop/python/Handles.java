package dev.pyloop.python;

import dev.pyloop.cpython.ArgumentTuples;
import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Contexts;
import dev.pyloop.cpython.Methods;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.TypeBuilder;
import dev.pyloop.cpython.Types;
import dev.pyloop.hint.Inlined;
import dev.pyloop.memory.CallRequest;
import dev.pyloop.memory.Driven;
import dev.pyloop.memory.Memory;
import org.jspecify.annotations.Nullable;

/**
 * Our {@code Handle} and {@code TimerHandle}: subclasses of asyncio's that inherit all but {@code cancel}.
 *
 * <p>Guarded by the GIL.
 */
final class Handles implements Methods {
    private static final int CANCEL = 0;
    private static final int CANCEL_TIMER = 1;

    private static final int CANCEL_THREADSAFE = 2;
    private static final int CANCELLED_THREADSAFE = 3;

    /** The method {@code _run} of handles of {@code call_soon_threadsafe}. */
    private static final Driven RUN_THREADSAFE = new Driven() {
        @Override
        public @Owned long begin(long request) {
            long self = CallRequest.parameter(request, 0);
            if (HandleLayout.isCancelled(self)) {
                return Objects.none();
            }
            Stock.requestRun(request, self);
            return Objects.NULL;
        }

        @Override
        public @Owned long resume(@Owned long result, long request) {
            CallRequest.clear(request);
            return result;
        }
    };

    private static final String CANCEL_DOC = "cancel($self, /)\n--\n\nKeep the callback from being run.";

    private static final Handles METHODS = new Handles();

    /** Handles of {@code call_soon} and of watched descriptors. */
    static final HandlePool SOON = new HandlePool(false);
    /** Handles of {@code call_soon_threadsafe}; the same as of {@code call_soon} where asyncio makes no difference. */
    static final HandlePool THREADSAFE =
            HandleLayout.STOCK_THREADSAFE_HANDLE == HandleLayout.STOCK_HANDLE ? SOON : new HandlePool(false);
    /** Handles of timers. */
    static final HandlePool TIMERS = new HandlePool(true);

    private Handles() {}

    /** Builds the types, before the first handle is made. May run any Python code, and may be repeated. */
    static void build() {
        SOON.setType(builder("Handle", HandleLayout.STOCK_HANDLE, CANCEL).build(HandleLayout.STOCK_HANDLE));
        if (THREADSAFE != SOON) {
            THREADSAFE.setType(buildThreadsafe(HandleLayout.STOCK_THREADSAFE_HANDLE));
        }
        TIMERS.setType(
                builder("TimerHandle", HandleLayout.STOCK_TIMER, CANCEL_TIMER).build(HandleLayout.STOCK_TIMER));
    }

    @Override
    public @Owned long call(int method, @Borrowed long self) {
        switch (method) {
            case CANCEL -> cancel(self);
            case CANCEL_TIMER -> cancelTimer(self);
            case CANCEL_THREADSAFE -> {
                awaitEnd(self);
                cancel(self);
            }
            case CANCELLED_THREADSAFE -> {
                awaitEnd(self);
                return Objects.bool(HandleLayout.isCancelled(self));
            }
            default -> throw new IllegalArgumentException("method " + method);
        }
        return Objects.none();
    }

    /** Marks the handle as cancelled and drops its callback and arguments, as {@code Handle.cancel} does. */
    static void cancel(@Borrowed long handle) {
        if (HandleLayout.isCancelled(handle)) {
            return;
        }
        LoopObject loop = Loops.find(HandleLayout.slot(handle, HandleLayout.LOOP));
        if (loop == null || loop.isDebug()) {
            Stock.cancel(handle);
        } else {
            markCancelled(handle);
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

    private static void cancelTimer(long timer) {
        if (HandleLayout.isCancelled(timer)) {
            return;
        }
        LoopObject loop = Loops.find(HandleLayout.slot(timer, HandleLayout.LOOP));
        if (loop == null || loop.isDebug() || loop.isHandedOver()) {
            Stock.cancelTimer(timer);
            return;
        }
        markCancelled(timer);
        if (HandleLayout.slot(timer, HandleLayout.SCHEDULED) == Objects.TRUE) {
            loop.timerCancelled(timer);
        }
    }

    private static void markCancelled(long handle) {
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

    private static void awaitEnd(long handle) {
        LoopObject loop = Loops.find(HandleLayout.slot(handle, HandleLayout.LOOP));
        if (loop != null) {
            loop.running().awaitEnd(handle);
        }
    }

    private static TypeBuilder builder(String name, long base, int cancel) {
        return new TypeBuilder("pyloop._engine." + name, Types.basicSize(base))
                .subclassable()
                .noArguments("cancel", METHODS, cancel, CANCEL_DOC);
    }

    /** Its instances have no lock, so all methods that would take it are replaced. */
    private static @Owned long buildThreadsafe(long base) {
        return builder("_ThreadSafeHandle", base, CANCEL_THREADSAFE)
                .noArguments(
                        "cancelled",
                        METHODS,
                        CANCELLED_THREADSAFE,
                        "cancelled($self, /)\n--\n\nTell whether cancel() was called.")
                .driven("_run", RUN_THREADSAFE, "Run the callback unless it was cancelled.")
                .build(base);
    }
}
