package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeBuffer;

/**
 * asyncio's own Python code, for what is not on a hot path: debug mode, unusual arguments, misuse.
 *
 * <p>There its checks, messages and source tracebacks are right by definition, in every version.
 */
final class Stock {
    private static final class Loop {
        static final @Borrowed long TYPE = Imports.attribute("asyncio.base_events", "BaseEventLoop");
        static final @Borrowed long CALL_SOON = Objects.getAttribute(TYPE, "call_soon");
        static final @Borrowed long CALL_SOON_THREADSAFE = Objects.getAttribute(TYPE, "call_soon_threadsafe");
        static final @Borrowed long CALL_LATER = Objects.getAttribute(TYPE, "call_later");
        static final @Borrowed long CALL_AT = Objects.getAttribute(TYPE, "call_at");
    }

    private static final class Handle {
        static final @Borrowed long CANCEL = Objects.getAttribute(HandleLayout.STOCK_HANDLE, "cancel");
        static final @Borrowed long RUN = Objects.getAttribute(HandleLayout.STOCK_HANDLE, "_run");
        static final @Borrowed long CANCEL_TIMER = Objects.getAttribute(HandleLayout.STOCK_TIMER, "cancel");
    }

    private Stock() {}

    /** {@code BaseEventLoop.call_soon(self, …)}. */
    static @Owned long callSoon(@Borrowed long self, long arguments, long count, @Borrowed long names) {
        return call(Loop.CALL_SOON, self, arguments, count, names);
    }

    /** {@code BaseEventLoop.call_soon(self, callback, argument, context=context)}. */
    static void callSoonIn(
            @Borrowed long self, @Borrowed long callback, @Borrowed long argument, @Borrowed long context) {
        @Owned long names = Tuples.of(References.retain(Names.CONTEXT));
        try (NativeBuffer arguments = new NativeBuffer(3 * Long.BYTES)) {
            Memory.putLong(arguments.address(), callback);
            Memory.putLong(arguments.address() + Long.BYTES, argument);
            Memory.putLong(arguments.address() + 2 * Long.BYTES, context);
            References.release(callSoon(self, arguments.address(), 2, names));
        } finally {
            References.release(names);
        }
    }

    /** {@code BaseEventLoop.call_soon_threadsafe(self, …)}. */
    static @Owned long callSoonThreadsafe(@Borrowed long self, long arguments, long count, @Borrowed long names) {
        return call(Loop.CALL_SOON_THREADSAFE, self, arguments, count, names);
    }

    /** {@code BaseEventLoop.call_later(self, …)}, which calls {@code self.call_at}. */
    static @Owned long callLater(@Borrowed long self, long arguments, long count, @Borrowed long names) {
        return call(Loop.CALL_LATER, self, arguments, count, names);
    }

    /** {@code BaseEventLoop.call_at(self, …)}; empties the list in which it schedules the timer it returns. */
    static @Owned long callAt(@Borrowed long self, long arguments, long count, @Borrowed long names) {
        long timer = call(Loop.CALL_AT, self, arguments, count, names);
        long scheduled = Objects.getAttribute(self, Names.SCHEDULED);
        References.release(Calls.callMethod(scheduled, Names.CLEAR));
        References.release(scheduled);
        return timer;
    }

    /** {@code Handle(callback, args, loop, context)}; with {@code None}, it runs in a copy of the current context. */
    static @Owned long handle(
            @Borrowed long callback, @Borrowed long args, @Borrowed long loop, @Borrowed long context) {
        try (NativeBuffer arguments = new NativeBuffer(4 * Long.BYTES)) {
            Memory.putLong(arguments.address(), callback);
            Memory.putLong(arguments.address() + Long.BYTES, args);
            Memory.putLong(arguments.address() + 2 * Long.BYTES, loop);
            Memory.putLong(arguments.address() + 3 * Long.BYTES, context);
            return Calls.call(HandleLayout.STOCK_HANDLE, arguments.address(), 4, Objects.NULL);
        }
    }

    /** {@code Handle.cancel(handle)}. */
    static void cancel(@Borrowed long handle) {
        References.release(Calls.call(Handle.CANCEL, handle));
    }

    /** {@code TimerHandle.cancel(timer)}, which calls {@code _timer_handle_cancelled} of the timer's loop. */
    static void cancelTimer(@Borrowed long timer) {
        References.release(Calls.call(Handle.CANCEL_TIMER, timer));
    }

    /** Asks for {@code Handle._run(handle)}, whatever the handle's class makes of it. */
    static void requestRun(long request, @Borrowed long handle) {
        Calls.requestFunction(request, Handle.RUN, handle, Objects.NULL);
    }

    /** Calls a function of a class: {@code self} goes before the arguments. */
    static @Owned long call(
            @Borrowed long function, @Borrowed long self, long arguments, long count, @Borrowed long names) {
        long keywords = names == Objects.NULL ? 0 : Tuples.size(names);
        try (NativeBuffer copy = new NativeBuffer((1 + count + keywords) * Long.BYTES)) {
            Memory.putLong(copy.address(), self);
            for (long i = 0; i < count + keywords; i++) {
                Memory.putLong(copy.address() + (1 + i) * Long.BYTES, Memory.getLong(arguments + i * Long.BYTES));
            }
            return Calls.call(function, copy.address(), 1 + count, names);
        }
    }
}
