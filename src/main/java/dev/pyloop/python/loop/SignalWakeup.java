package dev.pyloop.python.loop;

import dev.pyloop.cpython.WakeupDescriptor;
import dev.pyloop.loop.SelfPipe;
import dev.pyloop.python.names.LoopFunctions;

/**
 * Has signals wake the loop that sleeps: the interpreter writes them to the self-pipe, whichever thread takes them.
 *
 * <p>Only as long as the loop sleeps, for a program may set a descriptor of its own and would wonder about ours; and not any
 * more in this run once it has. Owned by the loop. Guarded by the GIL.
 */
final class SignalWakeup {
    private final SelfPipe pipe;

    /** Whether the loop runs in the main thread, which alone hears of signals. */
    private boolean inMainThread;

    private boolean claimed;
    /** Whether the sleep that is about to begin counts on that. */
    private boolean wanted;

    /** Has signals written to {@code pipe}, which the loop watches. */
    SignalWakeup(SelfPipe pipe) {
        this.pipe = pipe;
    }

    /** Says whether the loop runs in the main thread. */
    void setInMainThread(boolean inMainThread) {
        this.inMainThread = inMainThread;
    }

    /** The loop is about to sleep; tells whether it is first to handle the signals that came before, which have written nothing. */
    boolean beforeSleep() {
        if (!inMainThread) {
            return false;
        }
        wanted = WakeupDescriptor.isAccessible() && claim();
        // Where it is not, the system interrupts the poll, if it is not another thread that takes the signal.
        return true;
    }

    /** Tells whether what was claimed for a sleep still is: handlers of signals may have run the loop. */
    boolean isInPlace() {
        return claimed || !wanted;
    }

    /** The loop has slept, or does not. */
    void afterSleep() {
        wanted = false;
        if (claimed) {
            claimed = false;
            WakeupDescriptor.set(WakeupDescriptor.NONE);
        }
    }

    private boolean claim() {
        int ours = pipe.writer();
        int before = WakeupDescriptor.set(ours);
        if (before == WakeupDescriptor.NONE) {
            claimed = true;
        } else if (before != ours) {
            inMainThread = false;
            WakeupDescriptor.set(before);
            LoopFunctions.keepWakeup(before);
        }
        return claimed;
    }
}
