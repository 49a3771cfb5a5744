package dev.pyloop.queue;

import dev.pyloop.hint.Inlined;

/**
 * A growable ring of numbers, first in first out: handles that wait to run, addresses of objects, free places of a table.
 *
 * <p>The ring grows as needed and shrinks in {@link #trim}, so that neither adding nor removing pays for the look.
 *
 * <p>The queue owns nothing: what a number stands for is the taker's. {@link #NONE} cannot be stored. Not thread-safe; the
 * event loop's lock orders its use.
 */
public final class LongQueue {
    /** The number that nothing has: what {@link #poll()} answers when the queue is empty. */
    public static final long NONE = 0;

    private static final int INITIAL_CAPACITY = 256;

    /** Length is a power of two. Elements are at {@code head .. tail - 1}, both taken modulo the length. */
    private long[] ring = new long[INITIAL_CAPACITY];

    private int head;
    private int tail;

    /** What {@link #tail} and {@link #size()} were when {@link #trim} was last called. */
    private int tailAtTrim;

    private int sizeAtTrim;

    /** Appends {@code number}. Amortized O(1). */
    @Inlined
    public void add(long number) {
        assert number != NONE;
        if (tail - head == ring.length) {
            resize(Math.multiplyExact(ring.length, 2));
        }
        ring[tail++ & (ring.length - 1)] = number;
    }

    /** Makes room for {@code count} numbers, so that adding them needs no memory. */
    public void reserve(int count) {
        int capacity = ring.length;
        while (capacity - size() < count) {
            capacity = Math.multiplyExact(capacity, 2);
        }
        if (capacity != ring.length) {
            resize(capacity);
        }
    }

    /** Moves everything to the end of {@code target}; nothing if there is no memory for it. */
    public void drainTo(LongQueue target) {
        target.reserve(size());
        while (head != tail) {
            target.add(poll());
        }
    }

    /** Removes and returns the oldest number, or {@link #NONE}. */
    @Inlined
    public long poll() {
        if (head == tail) {
            return NONE;
        }
        return ring[head++ & (ring.length - 1)];
    }

    /** Returns the number {@code index} places behind the head, {@code 0 <= index < size()}. */
    public long get(int index) {
        assert index >= 0 && index < size();
        return ring[(head + index) & (ring.length - 1)];
    }

    /** Returns how many numbers are queued. */
    @Inlined
    public int size() {
        return tail - head;
    }

    /** Tells whether nothing is queued. */
    @Inlined
    public boolean isEmpty() {
        return head == tail;
    }

    /**
     * Gives memory back if what was queued since the last call cannot have filled a quarter of the ring; to be called now
     * and then. Amortized O(1): as many must be added to need a larger ring again as were room for.
     */
    public void trim() {
        // Removals are not counted, so this bounds the most that was queued at a time; the size, if the count wrapped.
        int most = Math.max(sizeAtTrim + (tail - tailAtTrim), size());
        if (ring.length > INITIAL_CAPACITY && most < ring.length / 4) {
            resize(Math.max(INITIAL_CAPACITY, Integer.highestOneBit(Math.max(most, 1)) * 4));
        }
        tailAtTrim = tail;
        sizeAtTrim = size();
    }

    /** Returns how many numbers there is room for without growing. */
    int capacity() {
        return ring.length;
    }

    private void resize(int capacity) {
        long[] resized = new long[capacity];
        int count = size();
        int first = head & (ring.length - 1);
        int toEnd = Math.min(count, ring.length - first);
        System.arraycopy(ring, first, resized, 0, toEnd);
        System.arraycopy(ring, 0, resized, toEnd, count - toEnd);
        tailAtTrim -= head;
        tail = count;
        head = 0;
        ring = resized;
    }
}
