package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Gil;
import dev.pyloop.cpython.Objects;
import dev.pyloop.hint.Inlined;
import dev.pyloop.libc.Semaphore;
import org.jspecify.annotations.Nullable;

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

    private long handle = Objects.NULL;
    private Thread runner = Thread.currentThread();
    private int waiting;
    /** What those wait for who wait; null while nobody does. */
    private @Nullable Semaphore ended;

    /** Takes note that {@code handle} is about to run in this thread. */
    @Inlined
    void begin(@Borrowed long handle) {
        runner = Thread.currentThread();
        this.handle = handle;
    }

    /** Takes note that it ran. */
    @Inlined
    void end() {
        handle = Objects.NULL;
        if (ended != null) {
            for (int i = 0; i < waiting; i++) {
                ended.post();
            }
        }
    }

    /** Returns at once, or when {@code handle} has run if it is running in another thread. */
    void awaitEnd(@Borrowed long handle) {
        while (this.handle == handle && runner != Thread.currentThread()) {
            Semaphore semaphore = ended == null ? new Semaphore() : ended;
            ended = semaphore;
            waiting++;
            semaphore.await(Gil.lock(), SIGNAL_CHECK_MILLIS);
            waiting--;
            if (waiting == 0) {
                ended = null;
                semaphore.close();
            }
            Gil.checkSignals();
        }
    }
}
