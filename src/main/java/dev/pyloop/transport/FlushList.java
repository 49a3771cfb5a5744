package dev.pyloop.transport;

import java.util.Arrays;

/**
 * The streams that have something to send as soon as the callback that runs has returned.
 *
 * <p>A program that writes a message in four pieces causes one system call and one packet, not four. Guarded by the
 * loop's lock; the loop's thread only.
 */
public final class FlushList {
    private static final int INITIAL_CAPACITY = 16;

    private Stream[] streams = new Stream[INITIAL_CAPACITY];
    private int count;

    /** Tells whether nothing is to be sent. */
    public boolean isEmpty() {
        return count == 0;
    }

    /** Sends what waits, in the order in which the streams were first written to. */
    public void flush() {
        // Asked after every callback: small enough to be compiled into the asker.
        if (count == 1) {
            flushOnly();
        } else if (count != 0) {
            flushAll();
        }
    }

    /** Almost every callback writes to one stream at most. */
    private void flushOnly() {
        Stream stream = streams[0];
        Arrays.fill(streams, 0, 1, null);
        count = 0;
        stream.flushListed();
        if (count != 0) {
            // A failed stream's owner wrote to others.
            flushAll();
        }
    }

    private void flushAll() {
        // Indexed, because a failed stream's owner may write to others. What an exception leaves is for the next call.
        int next = 0;
        try {
            while (next < count) {
                Stream stream = streams[next++];
                stream.flushListed();
            }
        } finally {
            System.arraycopy(streams, next, streams, 0, count - next);
            Arrays.fill(streams, count - next, count, null);
            count -= next;
        }
    }

    void add(Stream stream) {
        if (count == streams.length) {
            streams = Arrays.copyOf(streams, count * 2);
        }
        streams[count++] = stream;
    }
}
