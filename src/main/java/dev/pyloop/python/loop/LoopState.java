package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Calls;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.hint.Inlined;
import dev.pyloop.python.names.Clock;
import dev.pyloop.python.names.Names;
import dev.pyloop.python.names.Stock;

/**
 * What inherited code and the program have made of a loop: its modes, and which of its methods are no longer ours.
 *
 * <p>{@code EventLoop.__setattr__} tells of all of it ({@link LoopAttributes}). Owned by the loop. Guarded by the GIL.
 */
final class LoopState {
    private final @Borrowed long self;
    private boolean closed;
    private boolean debug;
    private boolean debugFalse;
    /** Whether asyncio's own iteration runs the callbacks; then Python has the queues, and the engine's are empty. */
    private boolean handedOver;
    /** Whether it is none of these three. */
    private boolean plain = true;

    /** Whether the program has a method of its own for the time. */
    private boolean ownClock;
    /** Whether it is to be asked, for that or for the next reason. */
    private boolean clockOverridden;
    /** Whether the clock that ours stands for, that of asyncio's loops, is not asyncio's. */
    private boolean stockClockReplaced;

    private boolean callAtOverridden;
    private boolean callSoonOverridden;

    private boolean forever;
    private boolean hasTaskFactory;

    /** Makes the state of a new loop; {@code self} is the Python object. */
    LoopState(@Borrowed long self) {
        this.self = self;
    }

    /** Tells whether calls may take the short way: the loop is neither closed nor in debug mode nor handed over. */
    @Inlined
    boolean isPlain() {
        return plain;
    }

    /** Tells whether {@code close()} was called, or is being called. */
    @Inlined
    boolean isClosed() {
        return closed;
    }

    /** Tells whether the loop is in debug mode. */
    @Inlined
    boolean isDebug() {
        return debug;
    }

    void setClosed(boolean closed) {
        this.closed = closed;
        setPlain();
    }

    /** Tells whether {@code self._debug} is {@code False}, and not something else that means as much. */
    boolean isDebugFalse() {
        return debugFalse;
    }

    /** Says what {@code self._debug} is. */
    void setDebug(@Borrowed long value) {
        // First, for the value may refuse to be true or false.
        debugFalse = value == Objects.FALSE;
        debug = Objects.isTrue(value);
        setPlain();
    }

    /** Tells whether asyncio's own iteration runs the callbacks. */
    @Inlined
    boolean isHandedOver() {
        return handedOver;
    }

    void setHandedOver(boolean handedOver) {
        this.handedOver = handedOver;
        setPlain();
    }

    /** Tells whether the loop makes tasks as asyncio does without a factory, and neither closed nor in debug mode. */
    @Inlined
    boolean makesPlainTasks() {
        return !hasTaskFactory && !closed && !debug;
    }

    /** Says whether the loop has a factory of tasks. */
    void setTaskFactory(boolean present) {
        hasTaskFactory = present;
    }

    private void setPlain() {
        plain = !closed && !debug && !handedOver;
    }

    /** Says whether {@code self.call_soon()}, by which transports schedule what they do, is not ours. */
    void setCallSoonOverridden(boolean overridden) {
        callSoonOverridden = overridden;
    }

    /** Tells whether {@code self.call_soon()} is not ours. */
    @Inlined
    boolean isCallSoonOverridden() {
        return callSoonOverridden;
    }

    /** Says whether {@code self.time()} is not ours. */
    void setClockOverridden(boolean overridden) {
        ownClock = overridden;
        clockOverridden = ownClock || stockClockReplaced;
    }

    /** Says whether asyncio's {@code time()}, which ours stands for, is replaced. */
    void setStockClockReplaced(boolean replaced) {
        stockClockReplaced = replaced;
        clockOverridden = ownClock || stockClockReplaced;
    }

    /** Returns the time as {@code EventLoop.time()} tells it. */
    @Owned
    long time() {
        return stockClockReplaced ? Stock.time(self) : Clock.time();
    }

    /** Tells whether {@code self.call_at()}, which {@code call_later} goes through, is not ours. */
    @Inlined
    boolean isCallAtOverridden() {
        return callAtOverridden;
    }

    /** Says whether {@code self.call_at()} is not ours. */
    void setCallAtOverridden(boolean overridden) {
        callAtOverridden = overridden;
    }

    /** Tells whether a run goes on until the loop is stopped. */
    boolean isForever() {
        return forever;
    }

    /** Says whether {@code run_forever} runs, so that a run goes on until the loop is stopped. */
    void setForever(boolean forever) {
        this.forever = forever;
    }

    /** Returns the time in seconds, by which timers go: that of {@code self.time()}. */
    @Inlined
    double seconds() {
        return clockOverridden ? overriddenSeconds() : Clock.seconds();
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
