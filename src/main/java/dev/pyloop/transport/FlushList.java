package dev.pyloop.transport;

import dev.pyloop.hint.Inlined;
import org.jspecify.annotations.Nullable;

/**
 * The transports that have something to send before the loop goes on, in the order in which they were first written to.
 *
 * <p>A program that writes a message in four pieces causes one system call and one packet, not four. Guarded by the
 * loop's lock; the loop's thread only.
 */
public final class FlushList {
    private final int limit;

    private @Nullable Flushable first;
    private @Nullable Flushable last;
    private int count;

    /** Makes an empty list, for which {@code limit} transports are many. */
    public FlushList(int limit) {
        this.limit = limit;
    }

    /** Tells whether nothing is to be sent. */
    @Inlined
    public boolean isEmpty() {
        return first == null;
    }

    /** Does what {@link #flush} does, if there are many to send for. */
    @Inlined
    public void flushIfMany() {
        // Asked after every callback: small enough to be compiled into the asker.
        if (count >= limit) {
            flush();
        }
    }

    /** Sends what waits. */
    @Inlined
    public void flush() {
        if (first != null) {
            flushAll();
        }
    }

    private void flushAll() {
        // Code of the program's may write to others, or run the loop and so come here again, which then does the rest.
        // What an exception leaves is for the next call.
        for (Flushable transport = first; transport != null; transport = first) {
            first = transport.next;
            transport.next = null;
            transport.inList = false;
            count--;
            if (first == null) {
                last = null;
            }
            transport.flushListed();
        }
    }

    /** Adds a transport; one that is there keeps its place: what it had to send may have left before its turn. */
    void add(Flushable transport) {
        if (transport.inList) {
            return;
        }
        transport.inList = true;
        if (last == null) {
            first = transport;
        } else {
            last.next = transport;
        }
        last = transport;
        count++;
    }
}
