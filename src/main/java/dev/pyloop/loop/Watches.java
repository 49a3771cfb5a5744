package dev.pyloop.loop;

import dev.pyloop.libc.Errno;
import dev.pyloop.queue.LongQueue;
import dev.pyloop.reactor.Interest;
import dev.pyloop.reactor.Poller;
import dev.pyloop.reactor.WatchTable;
import java.util.function.IntConsumer;
import java.util.function.LongConsumer;

/**
 * Which handle runs when which descriptor is ready, and the poller's knowledge of it.
 *
 * <p>A handle watches until it is taken away, or once: then it is the queue's as soon as its descriptor is ready, and the
 * descriptor is not watched any more when it runs. Owns the handles, not the poller. Guarded by the host's lock.
 */
final class Watches {
    private final WatchTable table = new WatchTable();
    private final Callbacks callbacks;
    private final Poller poller;

    Watches(Callbacks callbacks, Poller poller) {
        this.callbacks = callbacks;
        this.poller = poller;
    }

    /** Returns the number of descriptors that are watched. */
    int count() {
        return table.count();
    }

    /** Has {@code handle} run whenever {@code descriptor} is ready; answers 0 or the negated errno. */
    int watch(int descriptor, int kind, long handle) {
        table.reserve(descriptor);
        int before = table.interest(descriptor);
        int result = before == Interest.NONE ? poller.add(descriptor, kind) : poller.modify(descriptor, before | kind);
        if (result >= 0) {
            drop(table.replace(descriptor, kind, handle));
        }
        return result;
    }

    /** Takes note that {@code handle} is to run whenever {@code descriptor} is ready, of which the poller knows. */
    void note(int descriptor, int kind, long handle) {
        table.reserve(descriptor);
        drop(table.replace(descriptor, kind, handle));
    }

    /** Has {@code handle} run when {@code descriptor} is ready next; answers 0 or the negated errno. */
    int watchOnce(int descriptor, int kind, long handle) {
        table.reserve(descriptor);
        int before = table.interest(descriptor);
        int result =
                before == Interest.NONE ? poller.addOnce(descriptor, kind) : poller.modify(descriptor, before | kind);
        if (result >= 0) {
            drop(table.replaceOnce(descriptor, kind, handle));
        }
        return result;
    }

    /** Stops watching {@code descriptor} for {@code kind} and cancels its handle; false when there was none. */
    boolean unwatch(int descriptor, int kind) {
        long handle = table.replace(descriptor, kind, WatchTable.NULL_HANDLE);
        if (handle == WatchTable.NULL_HANDLE) {
            return false;
        }
        int rest = table.interest(descriptor);
        if (rest == Interest.NONE) {
            poller.remove(descriptor);
        } else {
            // Failure means that the descriptor was closed behind our back; its events ended with it.
            poller.modify(descriptor, rest);
        }
        drop(handle);
        return true;
    }

    /** Returns the handle, which stays with the table, or {@link WatchTable#NULL_HANDLE}. */
    long watcher(int descriptor, int kind) {
        return kind == Interest.READ ? table.reader(descriptor) : table.writer(descriptor);
    }

    /** Queues the handles of a descriptor that the poller has reported. */
    void queueReady(int descriptor, int readiness, LongQueue ready) {
        queueReady(descriptor, Interest.READ, readiness, table.reader(descriptor), ready);
        queueReady(descriptor, Interest.WRITE, readiness, table.writer(descriptor), ready);
    }

    /** Tells the poller, which has forgotten everything, what to watch; what cannot be watched any more is left out. */
    void watchAgain() {
        for (int descriptor = 0; descriptor < table.limit(); descriptor++) {
            int interest = table.interest(descriptor);
            if (interest != Interest.NONE) {
                watchAgain(descriptor, interest);
            }
        }
    }

    private void watchAgain(int descriptor, int interest) {
        int result =
                isOnce(descriptor, interest) ? poller.addOnce(descriptor, interest) : poller.add(descriptor, interest);
        assert result == 0 || result == -Errno.EBADF || result == -Errno.EPERM : "watching again answered " + result;
    }

    private boolean isOnce(int descriptor, int interest) {
        return ((interest & Interest.READ) == 0 || table.isOnce(descriptor, Interest.READ))
                && ((interest & Interest.WRITE) == 0 || table.isOnce(descriptor, Interest.WRITE));
    }

    /** Shows every descriptor. */
    void forEachDescriptor(IntConsumer visitor) {
        for (int descriptor = 0; descriptor < table.limit(); descriptor++) {
            if (table.interest(descriptor) != Interest.NONE) {
                visitor.accept(descriptor);
            }
        }
    }

    /** Shows every handle. */
    void forEachHandle(LongConsumer visitor) {
        for (int descriptor = 0; descriptor < table.limit(); descriptor++) {
            show(table.reader(descriptor), visitor);
            show(table.writer(descriptor), visitor);
        }
    }

    /** Takes all handles, which are the taker's then; the poller, which is about to be closed, is not told. */
    void takeAll(LongConsumer taker) {
        for (int descriptor = 0; descriptor < table.limit(); descriptor++) {
            show(table.replace(descriptor, Interest.READ, WatchTable.NULL_HANDLE), taker);
            show(table.replace(descriptor, Interest.WRITE, WatchTable.NULL_HANDLE), taker);
        }
    }

    private void queueReady(int descriptor, int kind, int readiness, long handle, LongQueue ready) {
        if ((readiness & kind) == 0 || handle == WatchTable.NULL_HANDLE) {
            return;
        }
        ready.reserve(1);
        if (table.isOnce(descriptor, kind)) {
            table.replace(descriptor, kind, WatchTable.NULL_HANDLE);
            endOnce(descriptor);
            ready.add(handle);
        } else if (callbacks.isCancelled(handle)) {
            unwatch(descriptor, kind);
        } else {
            callbacks.retain(handle);
            ready.add(handle);
        }
    }

    private void endOnce(int descriptor) {
        int rest = table.interest(descriptor);
        if (rest == Interest.NONE) {
            poller.endOnce(descriptor);
        } else {
            poller.modify(descriptor, rest);
        }
    }

    private void drop(long handle) {
        if (handle != WatchTable.NULL_HANDLE) {
            callbacks.cancel(handle);
            callbacks.release(handle);
        }
    }

    private static void show(long handle, LongConsumer visitor) {
        if (handle != WatchTable.NULL_HANDLE) {
            visitor.accept(handle);
        }
    }
}
