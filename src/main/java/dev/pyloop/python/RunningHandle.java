package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Gil;
import dev.pyloop.cpython.Objects;

/**
 * Which handle of {@code call_soon_threadsafe} a loop runs just now.
 *
 * <p>From 3.14 on, {@code cancel()} and {@code cancelled()} of such a handle answer only when its callback is not running,
 * or runs in the thread that asks; a thread that asks meanwhile waits for the end. asyncio has a lock in every handle for
 * it, here there is one for all of a loop's. Guarded by the GIL, which a waiting thread gives up.
 */
final class RunningHandle {
    /** Often enough for Ctrl-C in a waiting main thread. */
    private static final long SIGNAL_CHECK_MILLIS = 50;

    private final Object ended = new Object();
    private volatile long handle = Objects.NULL;
    private Thread runner = Thread.currentThread();
    private int waiting;

    /** Takes note that {@code handle} is about to run in this thread. */
    void begin(@Borrowed long handle) {
        runner = Thread.currentThread();
        this.handle = handle;
    }

    /** Takes note that it ran. */
    void end() {
        handle = Objects.NULL;
        if (waiting > 0) {
            synchronized (ended) {
                ended.notifyAll();
            }
        }
    }

    /** Returns at once, or when {@code handle} has run if it is running in another thread. */
    void awaitEnd(@Borrowed long handle) {
        while (this.handle == handle && runner != Thread.currentThread()) {
            waiting++;
            long threadState = Gil.save();
            try {
                awaitSignalCheck(handle);
            } finally {
                Gil.restore(threadState);
                waiting--;
            }
            Gil.checkSignals();
        }
    }

    private void awaitSignalCheck(long handle) {
        synchronized (ended) {
            long deadline = System.nanoTime() + SIGNAL_CHECK_MILLIS * 1_000_000;
            while (this.handle == handle && System.nanoTime() < deadline) {
                try {
                    ended.wait(SIGNAL_CHECK_MILLIS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return;
                }
            }
        }
    }
}
