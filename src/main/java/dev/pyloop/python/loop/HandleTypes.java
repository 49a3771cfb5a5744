package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.DrivenMethod;
import dev.pyloop.cpython.Methods;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.cpython.TypeBuilder;
import dev.pyloop.cpython.Types;
import dev.pyloop.memory.CallRequest;
import dev.pyloop.python.names.HandleLayout;
import dev.pyloop.python.names.Stock;

/**
 * Our {@code Handle} and {@code TimerHandle}: subclasses of asyncio's that inherit all but {@code cancel}.
 *
 * <p>Guarded by the GIL.
 */
public final class HandleTypes implements Methods {
    private static final int CANCEL = 0;
    private static final int CANCEL_TIMER = 1;

    private static final int CANCEL_THREADSAFE = 2;
    private static final int CANCELLED_THREADSAFE = 3;

    /** The method {@code _run} of handles of {@code call_soon_threadsafe}. */
    private static final DrivenMethod RUN_THREADSAFE = new DrivenMethod() {
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

    private static final HandleTypes METHODS = new HandleTypes();

    private HandleTypes() {}

    /** Builds the types, before the first handle is made. May run any Python code, and may be repeated. */
    public static void build() {
        Handles.SOON.setType(builder("Handle", HandleLayout.STOCK_HANDLE)
                .noArguments("cancel", METHODS, CANCEL, CANCEL_DOC)
                .build(HandleLayout.STOCK_HANDLE));
        if (Handles.THREADSAFE != Handles.SOON) {
            Handles.THREADSAFE.setType(buildThreadsafe(HandleLayout.STOCK_THREADSAFE_HANDLE));
        }
        Handles.TIMERS.setType(builder("TimerHandle", HandleLayout.STOCK_TIMER)
                .noArguments("cancel", METHODS, CANCEL_TIMER, CANCEL_DOC)
                .build(HandleLayout.STOCK_TIMER));
    }

    /** Returns the subclass of {@code asyncio.Handle} that {@code call_soon} makes. */
    public static @Owned long handle() {
        return References.retain(Handles.SOON.type());
    }

    /** Returns the subclass of {@code asyncio.TimerHandle} that {@code call_later} makes. */
    public static @Owned long timerHandle() {
        return References.retain(Handles.TIMERS.type());
    }

    /** Returns a tuple of all of them; a type may be in it twice. */
    public static @Owned long all() {
        return Tuples.of(Handles.SOON.type(), Handles.THREADSAFE.type(), Handles.TIMERS.type());
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

    private static void cancel(@Borrowed long handle) {
        if (HandleLayout.isCancelled(handle)) {
            return;
        }
        LoopObject loop = Loops.find(HandleLayout.slot(handle, HandleLayout.LOOP));
        Handles.cancel(handle, loop == null || loop.isDebug());
    }

    private static void cancelTimer(long timer) {
        if (HandleLayout.isCancelled(timer)) {
            return;
        }
        LoopObject loop = Loops.find(HandleLayout.slot(timer, HandleLayout.LOOP));
        if (loop == null || (!loop.isPlain() && (loop.isDebug() || loop.state().isHandedOver()))) {
            Stock.cancelTimer(timer);
            return;
        }
        Handles.markCancelled(timer);
        if (HandleLayout.slot(timer, HandleLayout.SCHEDULED) == Objects.TRUE) {
            loop.timerCancelled(timer);
        }
    }

    private static void awaitEnd(long handle) {
        LoopObject loop = Loops.find(HandleLayout.slot(handle, HandleLayout.LOOP));
        if (loop != null) {
            loop.running().awaitEnd(handle);
        }
    }

    private static TypeBuilder builder(String name, long base) {
        return new TypeBuilder("pyloop._engine." + name, Types.basicSize(base)).subclassable();
    }

    /** Its instances have no lock, so all methods that would take it are replaced. */
    private static @Owned long buildThreadsafe(long base) {
        return builder("_ThreadSafeHandle", base)
                .noArguments("cancel", METHODS, CANCEL_THREADSAFE, CANCEL_DOC)
                .noArguments(
                        "cancelled",
                        METHODS,
                        CANCELLED_THREADSAFE,
                        "cancelled($self, /)\n--\n\nTell whether cancel() was called.")
                .driven("_run", RUN_THREADSAFE, "Run the callback unless it was cancelled.")
                .build(base);
    }
}
