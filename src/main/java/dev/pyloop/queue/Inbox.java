package dev.pyloop.queue;

import dev.pyloop.hint.Inlined;

/**
 * Where other threads leave handles for the loop: many producers, one consumer, first in first out.
 *
 * <p>A short critical section rather than a lock-free list: producers from Python hold the GIL and therefore never
 * contend with each other, and the ring it fills allocates nothing per handle. The loop reads {@link #isEmpty()}, one
 * volatile read, wherever it must know; only then does it take the lock.
 */
public final class Inbox {
    private final ReadyQueue queue = new ReadyQueue();
    private volatile boolean nonEmpty;

    /** Appends {@code handle}, which becomes the consumer's. Any thread. */
    public synchronized void add(long handle) {
        queue.add(handle);
        nonEmpty = true;
    }

    /** Tells whether nothing was left since the last drain. Any thread. */
    @Inlined
    public boolean isEmpty() {
        return !nonEmpty;
    }

    /** Moves everything left so far to the end of {@code target}; nothing if memory is short. The consumer only. */
    public synchronized void drainTo(ReadyQueue target) {
        queue.drainTo(target);
        nonEmpty = false;
    }

    /** Removes and returns the oldest handle, or {@link ReadyQueue#NULL_HANDLE}. The consumer only. */
    public synchronized long poll() {
        long handle = queue.poll();
        nonEmpty = !queue.isEmpty();
        return handle;
    }

    /** Gives memory back that was not needed of late, as {@link ReadyQueue#trim} does. Any thread. */
    public synchronized void trim() {
        queue.trim();
    }

    /** Returns the handle {@code index} places behind the oldest. The consumer only, while no producer runs. */
    public synchronized long get(int index) {
        return queue.get(index);
    }

    /** Returns the number of handles left since the last drain. Any thread. */
    public synchronized int size() {
        return queue.size();
    }
}
