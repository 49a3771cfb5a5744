package dev.pyloop.transport;

import dev.pyloop.hint.Inlined;
import java.util.Arrays;

/**
 * The transports that have something to send before the loop goes on.
 *
 * <p>A program that writes a message in four pieces causes one system call and one packet, not four. Guarded by the
 * loop's lock; the loop's thread only.
 */
public final class FlushList {
    private static final int INITIAL_CAPACITY = 16;

    private final int limit;

    private Flushable[] transports = new Flushable[INITIAL_CAPACITY];
    private int count;
    /** How many of them the running flush has already handled. */
    private int done;

    /** Makes an empty list, for which {@code limit} transports are many. */
    public FlushList(int limit) {
        this.limit = limit;
    }

    /** Tells whether nothing is to be sent. */
    @Inlined
    public boolean isEmpty() {
        return count == done;
    }

    /** Does what {@link #flush} does, if there are many to send for. */
    @Inlined
    public void flushIfMany() {
        // Asked after every callback: small enough to be compiled into the asker.
        if (count >= limit) {
            flush();
        }
    }

    /** Sends what waits, in the order in which the transports were first written to. */
    @Inlined
    public void flush() {
        if (count == 1 && done == 0) {
            flushOnly();
        } else if (count != done) {
            flushAll();
        }
    }

    /** The usual case where little goes on. */
    private void flushOnly() {
        Flushable transport = transports[0];
        Arrays.fill(transports, 0, 1, null);
        count = 0;
        transport.flushListed();
        if (count != 0) {
            // Code of the program's has run, and written to others.
            flushAll();
        }
    }

    private void flushAll() {
        // Code of the program's may write to others, or run the loop and so come here again, which then does the rest.
        // What an exception leaves is for the next call.
        try {
            while (done < count) {
                transports[done++].flushListed();
            }
        } finally {
            int left = count - done;
            System.arraycopy(transports, done, transports, 0, left);
            Arrays.fill(transports, left, count, null);
            count = left;
            done = 0;
        }
    }

    void add(Flushable transport) {
        if (count == transports.length) {
            transports = Arrays.copyOf(transports, count * 2);
        }
        transports[count++] = transport;
    }
}
