package dev.pyloop.python.loop;

import dev.pyloop.cpython.ArgumentTuples;
import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.hint.Inlined;
import dev.pyloop.memory.Memory;
import dev.pyloop.python.names.LoopFunctions;
import dev.pyloop.python.names.Stock;

/**
 * The loop's methods that schedule callbacks. Calls with a usual shape take the short way; all others go to {@link Stock}.
 *
 * <p>Stateless; guarded by the GIL.
 */
final class Scheduling {
    private Scheduling() {}

    /** {@code EventLoop.call_soon(self, …)}. */
    @Inlined
    static @Owned long callSoon(@Borrowed long self, long arguments, long count, @Borrowed long names) {
        LoopObject loop = Loops.get(self);
        if (!loop.isPlain() || !Arguments.areUsual(1, count, names)) {
            return Stock.callSoon(self, arguments, count, names);
        }
        long handle = soonHandle(loop, Handles.SOON, self, arguments, count, names);
        queue(loop, handle);
        return handle;
    }

    /** {@code EventLoop.call_soon_threadsafe(self, …)}. */
    @Inlined
    static @Owned long callSoonThreadsafe(@Borrowed long self, long arguments, long count, @Borrowed long names) {
        LoopObject loop = Loops.get(self);
        loop.engine().metrics().posted();
        if (!loop.isPlain() || !Arguments.areUsual(1, count, names)) {
            return Stock.callSoonThreadsafe(self, arguments, count, names);
        }
        long handle = soonHandle(loop, Handles.THREADSAFE, self, arguments, count, names);
        // The GIL is the loop's lock, so the handle goes straight to the queue, in the order asyncio has it.
        queue(loop, handle);
        loop.engine().readiness().wake();
        return handle;
    }

    /** Queues a handle that the caller goes on to own; if there is no memory for it, the handle is gone. */
    @Inlined
    private static void queue(LoopObject loop, @Owned long handle) {
        try {
            loop.engine().callSoon(References.retain(handle));
        } catch (OutOfMemoryError e) {
            References.release(handle);
            Handles.retire(handle);
            throw e;
        }
    }

    @Inlined
    private static long soonHandle(
            LoopObject loop, HandlePool pool, long self, long arguments, long count, long names) {
        long callback = References.retain(Memory.getLong(arguments));
        long args = ArgumentTuples.take(arguments + Long.BYTES, count - 1);
        return handle(pool, loop, self, callback, args, Arguments.context(arguments, count, names));
    }

    /** {@code EventLoop.call_later(self, …)}. */
    @Inlined
    static @Owned long callLater(@Borrowed long self, long arguments, long count, @Borrowed long names) {
        LoopObject loop = Loops.get(self);
        LoopState state = loop.state();
        if (!state.isPlain()
                || state.isCallAtOverridden()
                || !Arguments.areUsual(2, count, names)
                || !Numbers.isNumber(Memory.getLong(arguments))) {
            return Stock.callLater(self, arguments, count, names);
        }
        double when = state.seconds() + Numbers.toDouble(Memory.getLong(arguments));
        long timer = timer(loop, self, arguments, count, names);
        HandlePool.setDeadline(timer, when);
        return schedule(loop, when, timer);
    }

    /** {@code EventLoop.call_at(self, …)}. */
    static @Owned long callAt(@Borrowed long self, long arguments, long count, @Borrowed long names) {
        LoopObject loop = Loops.get(self);
        if (loop.isPlain() && Arguments.areUsual(2, count, names) && Numbers.isNumber(Memory.getLong(arguments))) {
            long number = Memory.getLong(arguments);
            double when = Numbers.toDouble(number);
            long timer = timer(loop, self, arguments, count, names);
            HandlePool.setDeadline(timer, References.retain(number));
            return schedule(loop, when, timer);
        }
        long timer = Stock.callAt(self, arguments, count, names);
        if (!loop.state().isHandedOver()) {
            try {
                LoopFunctions.takeScheduled(self);
            } catch (PythonException | OutOfMemoryError e) {
                References.release(timer);
                throw e;
            }
        }
        return timer;
    }

    @Inlined
    private static @Owned long timer(LoopObject loop, long self, long arguments, long count, long names) {
        long callback = References.retain(Memory.getLong(arguments + Long.BYTES));
        long args = ArgumentTuples.take(arguments + 2 * Long.BYTES, count - 2);
        return handle(Handles.TIMERS, loop, self, callback, args, Arguments.context(arguments, count, names));
    }

    /** Returns a handle that runs in {@code context}, or in a copy of the current one if that is NULL. */
    @Inlined
    static @Owned long handle(
            HandlePool pool,
            LoopObject loop,
            @Borrowed long self,
            @Owned long callback,
            @Owned long args,
            @Borrowed long context) {
        return context == Objects.NULL
                ? pool.takeInCopy(callback, args, loop.threadState(), self)
                : pool.take(callback, args, References.retain(context), self);
    }

    @Inlined
    private static @Owned long schedule(LoopObject loop, double when, @Owned long timer) {
        try {
            loop.engine().callAt(when, References.retain(timer));
        } catch (OutOfMemoryError e) {
            References.release(timer);
            Handles.retire(timer);
            throw e;
        }
        Handles.setScheduled(timer, true);
        return timer;
    }
}
