package dev.pyloop.python.names;

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
public final class Stock {
    private static final class Loop {
        static final @Borrowed long TYPE = Imports.attribute("pyloop._stock", "SelectorEventLoop");
    }

    private static final class Handle {
        static final @Borrowed long CANCEL = Objects.getAttribute(HandleLayout.STOCK_HANDLE, "cancel");
        static final @Borrowed long RUN = Objects.getAttribute(HandleLayout.STOCK_HANDLE, "_run");
        static final @Borrowed long CANCEL_TIMER = Objects.getAttribute(HandleLayout.STOCK_TIMER, "cancel");
    }

    private Stock() {}

    /** {@code SelectorEventLoop.call_soon(self, …)}. */
    public static @Owned long callSoon(@Borrowed long self, long arguments, long count, @Borrowed long names) {
        return callMethod(Names.CALL_SOON, self, arguments, count, names);
    }

    /** {@code SelectorEventLoop.call_soon(self, callback, argument, context=context)}. */
    public static void callSoonIn(
            @Borrowed long self, @Borrowed long callback, @Borrowed long argument, @Borrowed long context) {
        @Owned long method = method(Names.CALL_SOON);
        try {
            References.release(callWithContext(method, context, self, callback, argument));
        } finally {
            References.release(method);
        }
    }

    /** Calls a method that schedules: {@code method(callback, argument, context=context)}. */
    static @Owned long callInContext(
            @Borrowed long method, @Borrowed long callback, @Borrowed long argument, @Borrowed long context) {
        return callWithContext(method, context, callback, argument);
    }

    private static @Owned long callWithContext(long function, long context, long... positional) {
        @Owned long names = Tuples.of(Names.CONTEXT);
        try (NativeBuffer arguments = new NativeBuffer((positional.length + 1L) * Long.BYTES)) {
            long end = arguments.address();
            for (long argument : positional) {
                Memory.putLong(end, argument);
                end += Long.BYTES;
            }
            Memory.putLong(end, context);
            return Calls.call(function, arguments.address(), positional.length, names);
        } finally {
            References.release(names);
        }
    }

    /** {@code SelectorEventLoop.call_soon_threadsafe(self, …)}. */
    public static @Owned long callSoonThreadsafe(
            @Borrowed long self, long arguments, long count, @Borrowed long names) {
        return callMethod(Names.CALL_SOON_THREADSAFE, self, arguments, count, names);
    }

    /** {@code SelectorEventLoop.call_later(self, …)}, which calls {@code self.call_at}. */
    public static @Owned long callLater(@Borrowed long self, long arguments, long count, @Borrowed long names) {
        return callMethod(Names.CALL_LATER, self, arguments, count, names);
    }

    /** {@code SelectorEventLoop.call_at(self, …)}, which enters the timer in the list {@code self._scheduled}. */
    public static @Owned long callAt(@Borrowed long self, long arguments, long count, @Borrowed long names) {
        return callMethod(Names.CALL_AT, self, arguments, count, names);
    }

    /** Asks for {@code SelectorEventLoop._run_once(self)}; argument 0 of the call is owned by who asks. */
    public static void requestRunOnce(long request, @Borrowed long self) {
        Calls.requestFunction(request, method(Names.RUN_ONCE), self, Objects.NULL);
    }

    /** Tells whether {@code create_task} hands on options that it does not know. */
    public static boolean takesAnyTaskOption() {
        return Imports.attribute("pyloop._stock", "TASKS_TAKE_ANY_OPTION") == Objects.TRUE;
    }

    /** Returns {@code SelectorEventLoop.create_task}, bound to {@code self}. */
    public static @Owned long createTask(@Borrowed long self) {
        long method = method(Names.CREATE_TASK);
        try {
            return Objects.bind(method, self);
        } finally {
            References.release(method);
        }
    }

    /** {@code SelectorEventLoop.time(self)}. */
    public static @Owned long time(@Borrowed long self) {
        return callMethod(Names.TIME, self);
    }

    /** {@code SelectorEventLoop._timer_handle_cancelled(self, timer)}. */
    public static void timerCancelled(@Borrowed long self, @Borrowed long timer) {
        long method = method(Names.TIMER_HANDLE_CANCELLED);
        try {
            References.release(Calls.callWith(method, self, timer));
        } finally {
            References.release(method);
        }
    }

    /** {@code Handle(callback, args, loop, context)}; with {@code None}, it runs in a copy of the current context. */
    public static @Owned long handle(
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
    public static void cancel(@Borrowed long handle) {
        References.release(Calls.call(Handle.CANCEL, handle));
    }

    /** {@code TimerHandle.cancel(timer)}, which calls {@code _timer_handle_cancelled} of the timer's loop. */
    public static void cancelTimer(@Borrowed long timer) {
        References.release(Calls.call(Handle.CANCEL_TIMER, timer));
    }

    /** Asks for {@code Handle._run(handle)}, whatever the handle's class makes of it. */
    public static void requestRun(long request, @Borrowed long handle) {
        Calls.requestFunction(request, Handle.RUN, handle, Objects.NULL);
    }

    /** Looked up each time: tools replace methods of asyncio's classes. */
    private static @Owned long method(@Borrowed long name) {
        return Objects.getAttribute(Loop.TYPE, name);
    }

    private static @Owned long callMethod(@Borrowed long name, @Borrowed long self) {
        long method = method(name);
        try {
            return Calls.call(method, self);
        } finally {
            References.release(method);
        }
    }

    private static @Owned long callMethod(
            @Borrowed long name, @Borrowed long self, long arguments, long count, @Borrowed long names) {
        long method = method(name);
        try {
            return call(method, self, arguments, count, names);
        } finally {
            References.release(method);
        }
    }

    /** Calls a function of a class: {@code self} goes before the arguments. */
    public static @Owned long call(
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
