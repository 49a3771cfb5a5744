package dev.pyloop.python.loop;

import dev.pyloop.hint.Inlined;
import dev.pyloop.transport.FlushList;

/**
 * What the callbacks of one loop have written and the loop has not sent yet.
 *
 * <p>Datagrams leave when their callback returns, in its context, for the program hears of errors by a call. What is
 * written to streams leaves when the iteration ends: together they go through the kernel faster than one by one, and wake
 * a reader on the same machine once instead of many times. A context of their own is kept for them.
 *
 * <p>Owned by the loop. Guarded by the GIL; the loop's thread only.
 */
final class PendingSends {
    /** Beyond some dozens of streams there is nothing more to gain by waiting for others, only memory and time to lose. */
    private static final int MANY_STREAMS = 32;

    private final FlushList datagrams = new FlushList(1);
    private final FlushList streams = new FlushList(MANY_STREAMS);

    FlushList datagrams() {
        return datagrams;
    }

    FlushList streams() {
        return streams;
    }

    boolean isEmpty() {
        return datagrams.isEmpty() && streams.isEmpty();
    }

    /** A callback has returned. */
    @Inlined
    void endCallback() {
        datagrams.flushIfMany();
        streams.flushIfMany();
    }

    /** An iteration has ended, be it by an exception. */
    @Inlined
    void endIteration() {
        datagrams.flushIfMany();
        streams.flush();
    }
}
