package dev.pyloop.python.loop;

import dev.pyloop.cpython.Gil;
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

    /** Has signals written to {@code pipe}, which the loop watches. */
    SignalWakeup(SelfPipe pipe) {
        this.pipe = pipe;
    }

    /** Says whether the loop runs in the main thread. */
    void setInMainThread(boolean inMainThread) {
        this.inMainThread = inMainThread;
    }

    /** The loop is about to sleep. May run handlers, which may raise. */
    void beforeSleep() {
        if (inMainThread) {
            claim();
        }
    }

    /** The loop has slept. */
    void afterSleep() {
        if (claimed) {
            claimed = false;
            WakeupDescriptor.set(WakeupDescriptor.NONE);
        }
    }

    private void claim() {
        if (!WakeupDescriptor.isAccessible()) {
            // The system interrupts the poll, if it is not another thread that takes the signal.
            Gil.checkSignals();
            return;
        }
        int ours = pipe.writer();
        int before = WakeupDescriptor.set(ours);
        if (before == ours) {
            return;
        }
        if (before != WakeupDescriptor.NONE) {
            inMainThread = false;
            WakeupDescriptor.set(before);
            LoopFunctions.keepWakeup(before);
            return;
        }
        claimed = true;
        boolean checked = false;
        try {
            // Those that came before have written nothing.
            Gil.checkSignals();
            checked = true;
        } finally {
            if (!checked) {
                afterSleep();
            }
        }
    }
}
