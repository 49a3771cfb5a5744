package dev.pyloop.queue;

/**
 * A growable ring of handles, first in first out.
 *
 * <p>The queue owns nothing: a handle put in is the taker's. {@link #NULL_HANDLE} cannot be stored. Not thread-safe; the
 * event loop's lock orders its use.
 */
public final class ReadyQueue {
    /** The value no handle has: what {@link #poll()} answers when the queue is empty. */
    public static final long NULL_HANDLE = 0;

    private static final int INITIAL_CAPACITY = 256;

    /** Length is a power of two. Elements are at {@code head .. tail - 1}, both taken modulo the length. */
    private long[] ring = new long[INITIAL_CAPACITY];

    private int head;
    private int tail;

    /** Appends {@code handle}. Amortized O(1). */
    public void add(long handle) {
        assert handle != NULL_HANDLE;
        if (tail - head == ring.length) {
            grow();
        }
        ring[tail++ & (ring.length - 1)] = handle;
    }

    /** Removes and returns the oldest handle, or {@link #NULL_HANDLE}. */
    public long poll() {
        if (head == tail) {
            return NULL_HANDLE;
        }
        return ring[head++ & (ring.length - 1)];
    }

    /** Returns the handle {@code index} places behind the head, {@code 0 <= index < size()}. */
    public long get(int index) {
        assert index >= 0 && index < size();
        return ring[(head + index) & (ring.length - 1)];
    }

    /** Returns the number of handles queued. */
    public int size() {
        return tail - head;
    }

    /** Tells whether nothing is queued. */
    public boolean isEmpty() {
        return head == tail;
    }

    private void grow() {
        long[] larger = new long[Math.multiplyExact(ring.length, 2)];
        int first = head & (ring.length - 1);
        System.arraycopy(ring, first, larger, 0, ring.length - first);
        System.arraycopy(ring, 0, larger, ring.length - first, first);
        tail -= head;
        head = 0;
        ring = larger;
    }
}
