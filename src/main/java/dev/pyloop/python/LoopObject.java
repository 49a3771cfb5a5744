package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Contexts;
import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Gil;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Traverse;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.cpython.Types;
import dev.pyloop.loop.Callbacks;
import dev.pyloop.loop.EventLoop;
import dev.pyloop.loop.Host;
import dev.pyloop.reactor.epoll.EpollPoller;

/**
 * The Java side of one Python event loop: the engine, and what it needs of Python.
 *
 * <p>Owned by the Python object, whose address it borrows; it dies in {@link #close()}. Guarded by the GIL, which
 * {@link #unlock()} gives up while the engine sleeps.
 */
final class LoopObject implements Callbacks, Host {
    private static final double NANOS_PER_SECOND = 1e9;
    /** How long other Python threads wait for the GIL at most; {@code sys.getswitchinterval()}'s default. */
    private static final long SWITCH_INTERVAL_NANOS = 5_000_000;

    private static final long TUPLE_TYPE = Objects.type(Tuples.EMPTY);

    private final @Borrowed long self;
    private final EventLoop engine;
    private boolean closed;
    private boolean debug;
    private boolean clockOverridden;
    private boolean forever;
    private long threadState;
    private long lastSwitch;

    /** Makes the engine; {@code self} is the Python object that will own this one. */
    LoopObject(@Borrowed long self) {
        this.self = self;
        engine = new EventLoop(this, this, new EpollPoller());
    }

    /** Returns the engine. */
    EventLoop engine() {
        return engine;
    }

    /** Tells whether calls may take the short way: the loop is neither closed nor in debug mode. */
    boolean isPlain() {
        return !closed && !debug;
    }

    boolean isClosed() {
        return closed;
    }

    boolean isDebug() {
        return debug;
    }

    void setClosed(boolean closed) {
        this.closed = closed;
    }

    void setDebug(boolean debug) {
        this.debug = debug;
    }

    /** Says whether {@code self.time()} is not ours. */
    void setClockOverridden(boolean overridden) {
        clockOverridden = overridden;
    }

    /** Says whether {@code run_forever} runs, so that {@link #run()} goes on until the loop is stopped. */
    void setForever(boolean forever) {
        this.forever = forever;
    }

    /** Runs iterations: until the loop is stopped inside {@code run_forever}, one otherwise. */
    void run() {
        if (forever) {
            engine.run();
        } else {
            engine.runOnce();
        }
    }

    /** Takes note that a timer in the heap was cancelled. */
    void timerCancelled() {
        engine.timerCancelled();
    }

    /** Gives everything back. The loop must not run. */
    void close() {
        closed = true;
        engine.close();
    }

    /** Shows the collector what the queued handles refer to; see {@link HandlePool} on who is tracked. */
    void traverse(Traverse.Visitor visitor) {
        engine.forEachHandle(handle -> {
            if (Types.isTracked(handle)) {
                visitor.accept(handle);
            } else if (HandleLayout.isPrivate(handle)) {
                visitor.accept(HandleLayout.slot(handle, HandleLayout.CALLBACK));
                visitor.accept(HandleLayout.slot(handle, HandleLayout.ARGS));
                visitor.accept(HandleLayout.slot(handle, HandleLayout.CONTEXT));
                visitor.accept(HandleLayout.slot(handle, HandleLayout.LOOP));
            }
        });
    }

    @Override
    public double seconds() {
        return clockOverridden ? overriddenSeconds() : System.nanoTime() / NANOS_PER_SECOND;
    }

    @Override
    public void unlock() {
        threadState = Gil.save();
    }

    @Override
    public void lock() {
        Gil.restore(threadState);
        lastSwitch = System.nanoTime();
    }

    @Override
    public void breathe() {
        Gil.checkSignals();
        long now = System.nanoTime();
        if (now - lastSwitch > SWITCH_INTERVAL_NANOS) {
            lastSwitch = now;
            Gil.restore(Gil.save());
        }
    }

    @Override
    public void run(@Owned long handle) {
        if (HandleLayout.isCancelled(handle)) {
            Handles.retire(handle);
            return;
        }
        try {
            if (debug) {
                PythonSide.runInDebugMode(self, handle);
            } else if (isOrdinary(handle)) {
                invoke(handle);
            } else {
                Stock.run(handle);
            }
        } finally {
            Handles.retire(handle);
        }
    }

    @Override
    public boolean isCancelled(@Borrowed long handle) {
        return HandleLayout.isCancelled(handle);
    }

    @Override
    public void cancel(@Borrowed long handle) {
        Handles.cancel(handle);
    }

    @Override
    public void unschedule(@Borrowed long handle) {
        Handles.setScheduled(handle, false);
    }

    @Override
    public void retain(@Borrowed long handle) {
        References.retain(handle);
    }

    @Override
    public void release(@Owned long handle) {
        Handles.retire(handle);
    }

    /** Tells whether {@link #invoke} knows the handle's class and finds in it what such a handle has. */
    private static boolean isOrdinary(long handle) {
        long type = Objects.type(handle);
        boolean known = type == Handles.SOON.type()
                || type == Handles.TIMERS.type()
                || type == HandleLayout.STOCK_HANDLE
                || type == HandleLayout.STOCK_TIMER;
        if (!known) {
            return false;
        }
        long args = HandleLayout.slot(handle, HandleLayout.ARGS);
        long context = HandleLayout.slot(handle, HandleLayout.CONTEXT);
        return HandleLayout.slot(handle, HandleLayout.CALLBACK) != Objects.NULL
                && args != Objects.NULL
                && Objects.type(args) == TUPLE_TYPE
                && context != Objects.NULL
                && Contexts.isContext(context);
    }

    /** Does what {@code Handle._run} does. */
    private static void invoke(long handle) {
        // The callback may cancel its own handle, if it can reach it, and so take these from under the call.
        boolean reachable = !HandleLayout.isPrivate(handle);
        long callback = HandleLayout.slot(handle, HandleLayout.CALLBACK);
        long args = HandleLayout.slot(handle, HandleLayout.ARGS);
        long context = HandleLayout.slot(handle, HandleLayout.CONTEXT);
        if (reachable) {
            References.retain(callback);
            References.retain(args);
            References.retain(context);
        }
        try {
            if (!invoke(callback, args, context)) {
                fail(handle);
            }
        } finally {
            if (reachable) {
                References.release(callback);
                References.release(args);
                References.release(context);
            }
        }
    }

    private static boolean invoke(long callback, long args, long context) {
        if (!Contexts.tryEnter(context)) {
            return false;
        }
        long count = Tuples.size(args);
        long result =
                count == 0 ? Calls.tryCall(callback) : Calls.tryCall(callback, Tuples.items(args), count, Objects.NULL);
        Contexts.exit(context);
        if (result == Objects.NULL) {
            return false;
        }
        References.release(result);
        return true;
    }

    private static void fail(long handle) {
        if (Errors.pendingLeavesLoop()) {
            throw PythonException.PENDING;
        }
        long exception = Errors.take();
        try {
            PythonSide.reportFailure(handle, exception);
        } finally {
            References.release(exception);
        }
    }

    private double overriddenSeconds() {
        long time = Calls.callMethod(self, Names.TIME);
        try {
            return Numbers.toDouble(time);
        } finally {
            References.release(time);
        }
    }
}
