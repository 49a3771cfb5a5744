package dev.pyloop.bridge;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Where threads of Java's leave events for a loop: many producers, one consumer, in the order of their coming.
 *
 * <p>A Treiber stack that the consumer takes as a whole and turns around. Its top says whether the loop has to be woken:
 * only who posts onto {@link #ASLEEP} writes a byte into the loop's pipe, so that a flood costs one.
 *
 * <p>The pipe is a plain file here and no channel, for a channel is closed for good when a thread that uses it is
 * interrupted.
 */
public final class Mailbox {
    /** Rows that the loop reads at once: it looks after its other descriptors before it reads more. */
    public static final int ROWS = 256;
    /** In the number of rows that {@link #drain} returns: there is more, or may be soon. */
    public static final int MORE = 1 << 16;

    /** Words of a row: a token, and a kind with what goes with it. */
    private static final int WORDS = 2;
    /** For how long work is run at once. */
    private static final long WORK_NANOS = 1_000_000;
    /** How much work is done between two looks at the clock. */
    private static final int WORK_UNTIMED = 32;
    /** After so many events it is worth to look once more before one is told to ring. */
    private static final int BUSY = 16;

    private static final Event ASLEEP = new Notice(0, 0, null);
    private static final Event CLOSED = new Notice(0, 0, null);

    private final AtomicReference<@Nullable Event> newest = new AtomicReference<>(ASLEEP);
    private final AtomicLong tokens = new AtomicLong();
    private final FileOutputStream bell;
    private final Thread hook = new Thread(this::end, "pyloop-end");
    private final LongBuffer rows;
    private final @Nullable Object[] values = new @Nullable Object[ROWS];

    /** What the consumer took and did not get to, in order. The loop's thread. */
    private @Nullable Event backlog;

    private int valued;
    /** Of an end that {@link Futures#watch} has returned. The loop's thread. */
    private @Nullable Object value;

    private volatile @Nullable Thread thread;

    /**
     * Opens a mailbox. The loop's thread, which may become another.
     *
     * @param pipe the path of a pipe that wakes the loop
     * @param memory for the rows, shared with the loop
     */
    public Mailbox(String pipe, ByteBuffer memory) throws IOException {
        thread = Thread.currentThread();
        bell = new FileOutputStream(pipe);
        rows = memory.order(ByteOrder.nativeOrder()).asLongBuffer();
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** The bytes of the rows, and of one more for what methods return: JPype takes longer for a number than for none. */
    public static int size() {
        return (ROWS + 1) * WORDS * Long.BYTES;
    }

    /** What goes with the rows: the values of those whose kind has one. */
    public @Nullable Object[] values() {
        return values;
    }

    /** Notes an end that was known already: its kind in the last row, and what goes with it. The loop's thread. */
    void note(int kind, @Nullable Object what) {
        rows.put(WORDS * ROWS, kind);
        value = what;
    }

    /** Returns what goes with an end that was known already, and forgets it. The loop's thread. */
    public @Nullable Object value() {
        Object what = value;
        value = null;
        return what;
    }

    /** Returns a token that the loop does not give out itself. Any thread. */
    long token() {
        return tokens.decrementAndGet();
    }

    /** Tells whether the calling thread is the loop's, which must not wait for the loop. */
    boolean isOwn() {
        return Thread.currentThread() == thread && !isClosed();
    }

    /** Tells whether there is no loop any more. Any thread. */
    boolean isClosed() {
        return newest.get() == CLOSED;
    }

    /** Leaves an event for the loop. Any thread; it does not wait. */
    void post(Event event) {
        while (true) {
            Event top = newest.get();
            if (top == CLOSED) {
                event.next = null;
                event.refuse();
                return;
            }
            event.next = top == ASLEEP ? null : top;
            if (newest.compareAndSet(top, event)) {
                if (top == ASLEEP) {
                    ring();
                }
                return;
            }
            Thread.onSpinWait();
        }
    }

    private void ring() {
        try {
            bell.write(0);
        } catch (IOException closed) {
            // The loop is just being closed, and takes what was posted with it.
        }
    }

    /**
     * Does the work that is due and fills rows with other events, whichever comes first. The loop's thread.
     *
     * <p>The last row gets the number of rows, with {@link #MORE} if this is to be called again without being woken.
     */
    public void drain() {
        rows.put(WORDS * ROWS, fill());
    }

    private int fill() {
        thread = Thread.currentThread();
        release();
        int count = 0;
        int worked = 0;
        long deadline = 0;
        while (true) {
            Event event = backlog != null ? backlog : take();
            if (event == null) {
                if (count + worked >= BUSY) {
                    return count | MORE;
                }
                if (newest.compareAndSet(null, ASLEEP)) {
                    return count;
                }
                continue;
            }
            if (event instanceof Work) {
                if (count > 0) {
                    backlog = event;
                    return count | MORE;
                }
                advance(event);
                if (!work((Work) event)) {
                    return 1 | MORE;
                }
                if (++worked % WORK_UNTIMED == 0) {
                    long now = System.nanoTime();
                    if (worked == WORK_UNTIMED) {
                        deadline = now + WORK_NANOS;
                    } else if (now - deadline >= 0) {
                        return MORE;
                    }
                }
                continue;
            }
            advance(event);
            event.report(this, count++);
            if (count == ROWS) {
                return count | MORE;
            }
        }
    }

    /** Forgets the values of the rows. The loop's thread. */
    public void release() {
        Arrays.fill(values, 0, valued, null);
        valued = 0;
    }

    private void advance(Event event) {
        backlog = event.next;
        event.next = null;
    }

    private boolean work(Work work) {
        try {
            work.run();
            return true;
        } catch (Throwable error) {
            write(0, 0, Kind.FAILURE, 0, error);
            return false;
        }
    }

    /** Takes what was posted, and returns it in the order in which it was. */
    private @Nullable Event take() {
        Event top = newest.get();
        if (top == null || top == ASLEEP || top == CLOSED) {
            if (top == ASLEEP) {
                newest.compareAndSet(ASLEEP, null);
            }
            return null;
        }
        return reversed(newest.getAndSet(null));
    }

    private static @Nullable Event reversed(@Nullable Event top) {
        Event first = null;
        Event event = top;
        while (event != null) {
            Event older = event.next;
            event.next = first;
            first = event;
            event = older;
        }
        return first;
    }

    /** Writes a row. The loop's thread. */
    void write(int row, long token, int kind, long detail, @Nullable Object value) {
        rows.put(WORDS * row, token);
        rows.put(WORDS * row + 1, kind | detail << Kind.BITS);
        values[row] = value;
        if (value != null) {
            valued = row + 1;
        }
    }

    /** Ends it: what is posted from now on is refused, and what has been is, too. Once the loop is closed, any thread. */
    public void close() {
        Event top = newest.getAndSet(CLOSED);
        if (top == CLOSED) {
            return;
        }
        refuseAll(backlog);
        backlog = null;
        refuseAll(top == ASLEEP ? null : reversed(top));
        release();
        try {
            bell.close();
        } catch (IOException ignored) {
            // It is a pipe: nothing was kept back that could be lost.
        }
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException ending) {
            // The virtual machine ends, and the hook runs.
        }
    }

    private static void refuseAll(@Nullable Event first) {
        Event event = first;
        while (event != null) {
            Event after = event.next;
            event.next = null;
            event.refuse();
            event = after;
        }
    }

    private void end() {
        post(new Notice(Kind.END, 0, null));
        // Whoever was woken for something else finds the virtual machine gone: this is for a loop that sleeps later.
        ring();
    }
}
