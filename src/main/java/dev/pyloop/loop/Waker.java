package dev.pyloop.loop;

import dev.pyloop.libc.SystemCallException;
import dev.pyloop.libc.SystemCalls;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeBuffer;

/**
 * Ends the loop's sleep from any thread, by an event counter that the loop's poller watches.
 *
 * <p>Owns its descriptor. {@link #wake()} and {@link #close()} exclude each other, so a late wake-up never writes to a
 * descriptor that meanwhile belongs to somebody else.
 */
final class Waker implements AutoCloseable {
    private static final int EFD_CLOEXEC = 0x80000;
    private static final int EFD_NONBLOCK = 0x800;
    private static final int CLOSED = -1;

    private final SystemCalls writing = new SystemCalls();
    private final SystemCalls reading = new SystemCalls();
    private final NativeBuffer counters = new NativeBuffer(2 * Long.BYTES);
    private int descriptor;

    /** Opens the event counter. */
    Waker() {
        descriptor = writing.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (descriptor < 0) {
            counters.close();
            throw new SystemCallException("eventfd", -descriptor);
        }
        Memory.putLong(counters.address(), 1);
    }

    /** Returns the descriptor for the poller to watch; -1 once closed. */
    synchronized int descriptor() {
        return descriptor;
    }

    /** Makes the descriptor readable. Any thread. */
    synchronized void wake() {
        if (descriptor != CLOSED) {
            // The one possible failure is EAGAIN of a saturated counter, which is readable already.
            writing.write(descriptor, counters.address(), Long.BYTES);
        }
    }

    /** Makes the descriptor unreadable again. The loop's thread. */
    synchronized void drain() {
        if (descriptor != CLOSED) {
            reading.read(descriptor, counters.address() + Long.BYTES, Long.BYTES);
        }
    }

    /**
     * Takes a new event counter, in the child of a fork, which shares the old one with its parent.
     *
     * @return 0 or the negated errno, which leaves the old one in place
     */
    synchronized int afterFork() {
        int own = writing.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (own < 0) {
            return own;
        }
        writing.close(descriptor);
        descriptor = own;
        return 0;
    }

    @Override
    public synchronized void close() {
        if (descriptor != CLOSED) {
            writing.close(descriptor);
            descriptor = CLOSED;
            counters.close();
        }
    }
}
