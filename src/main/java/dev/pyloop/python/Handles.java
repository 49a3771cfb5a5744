package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Methods;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.TypeBuilder;
import dev.pyloop.cpython.Types;
import dev.pyloop.memory.Memory;

/**
 * Our {@code Handle} and {@code TimerHandle}: subclasses of asyncio's that inherit all but {@code cancel}.
 *
 * <p>Guarded by the GIL.
 */
final class Handles implements Methods {
    private static final int CANCEL = 0;
    private static final int CANCEL_TIMER = 1;

    private static final Handles METHODS = new Handles();

    /** Handles of {@code call_soon} and of watched descriptors. */
    static final HandlePool SOON = new HandlePool(build("Handle", HandleLayout.STOCK_HANDLE, CANCEL), false);
    /** Handles of timers. */
    static final HandlePool TIMERS = new HandlePool(build("TimerHandle", HandleLayout.STOCK_TIMER, CANCEL_TIMER), true);

    private Handles() {}

    @Override
    public @Owned long call(int method, @Borrowed long self) {
        switch (method) {
            case CANCEL -> cancel(self);
            case CANCEL_TIMER -> cancelTimer(self);
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

    /** Gives up the loop's reference to a handle of any type. */
    static void retire(@Owned long handle) {
        long type = Objects.type(handle);
        if (type == SOON.type()) {
            SOON.retire(handle);
        } else if (type == TIMERS.type()) {
            TIMERS.retire(handle);
        } else {
            References.release(handle);
        }
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
        if (loop == null || loop.isDebug()) {
            Stock.cancelTimer(timer);
            return;
        }
        markCancelled(timer);
        if (HandleLayout.slot(timer, HandleLayout.SCHEDULED) == Objects.TRUE) {
            loop.timerCancelled();
        }
    }

    private static void markCancelled(long handle) {
        References.replaceSlot(handle + HandleLayout.CANCELLED, Objects.bool(true));
        long callback = Memory.getLong(handle + HandleLayout.CALLBACK);
        long args = Memory.getLong(handle + HandleLayout.ARGS);
        Memory.putLong(handle + HandleLayout.CALLBACK, Objects.none());
        Memory.putLong(handle + HandleLayout.ARGS, Objects.none());
        References.releaseUnlessNull(callback);
        References.releaseUnlessNull(args);
    }

    private static @Owned long build(String name, long base, int cancel) {
        return new TypeBuilder("pyloop._engine." + name, Types.basicSize(base))
                .subclassable()
                .noArguments("cancel", METHODS, cancel, "cancel($self, /)\n--\n\nKeep the callback from being run.")
                .build(base);
    }
}
