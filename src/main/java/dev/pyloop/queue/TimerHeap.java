package dev.pyloop.queue;

import dev.pyloop.hint.Inlined;
import java.util.Arrays;
import java.util.function.LongPredicate;

/**
 * Timers by deadline; equal deadlines in the order they were added.
 *
 * <p>An implicit 4-ary heap over (deadline, sequence, handle), each in an array of its own: add and remove are
 * O(log n) and touch few cache lines. Cancelling costs O(1): the owner of the handle marks it. The last of
 * the heap, as a timeout that was not needed often is, leaves at once ({@link #removeIfLast}). Others are counted ({@link
 * #noteCancelled}) and leave when they reach the head or, once they are the majority, all together. Those that have left wait behind the heap, in the
 * same arrays, until they are taken: nothing that gives memory back needs any.
 * Deadlines are seconds of the loop's clock; a NaN compares as due at once, as it does in asyncio.
 *
 * <p>The heap owns nothing: a handle put in is the taker's. Not thread-safe; the event loop's lock orders its use.
 */
public final class TimerHeap {
    /** Below this many timers compaction is not worth its pass; asyncio has the same threshold. */
    private static final int MIN_TIMERS_TO_COMPACT = 100;

    private static final int INITIAL_CAPACITY = 64;
    private static final int ARITY_SHIFT = 2;

    private double[] deadlines = new double[INITIAL_CAPACITY];
    private long[] sequences = new long[INITIAL_CAPACITY];
    private long[] handles = new long[INITIAL_CAPACITY];
    private int size;
    /** Timers that have left the heap and were not taken yet: the last ones of {@link #handles}. */
    private int removed;

    private int cancelled;
    /** Whether {@link #cancelled} is how many of the heap are marked, rather than what others have said. */
    private boolean isCountExact = true;

    private boolean isCountTrusted = true;

    private long nextSequence;

    /** What {@link #nextSequence} and {@link #size} were when {@link #trim} was last called. */
    private long sequenceAtTrim;

    private int sizeAtTrim;

    /** Adds a timer that is due at {@code deadline} seconds. */
    public void add(double deadline, long handle) {
        if (size + removed == handles.length) {
            resize(Math.addExact(handles.length, handles.length >> 1));
        }
        siftUp(size++, deadline, nextSequence++, handle);
    }

    /** Makes room for {@code count} timers, so that adding them needs no memory. */
    public void reserve(int count) {
        int capacity = handles.length;
        while (capacity - size - removed < count) {
            capacity = Math.addExact(capacity, capacity >> 1);
        }
        if (capacity != handles.length) {
            resize(capacity);
        }
    }

    /** Returns the number of timers, cancelled ones included. */
    public int size() {
        return size;
    }

    /** Tells whether there is no timer, not even a cancelled one. */
    @Inlined
    public boolean isEmpty() {
        return size == 0;
    }

    /** Returns the earliest deadline in seconds. The heap must not be empty. */
    public double nextDeadline() {
        assert size > 0;
        return deadlines[0];
    }

    /** Returns the handle with the earliest deadline without removing it. The heap must not be empty. */
    public long peek() {
        assert size > 0;
        return handles[0];
    }

    /** Returns the handle at {@code index} in no particular order, {@code 0 <= index < size()}. */
    public long get(int index) {
        assert index >= 0 && index < size;
        return handles[index];
    }

    /** Removes and returns the handle with the earliest deadline. The heap must not be empty. */
    public long remove() {
        assert size > 0;
        long handle = handles[0];
        int last = --size;
        if (last > 0) {
            siftDown(0, deadlines[last], sequences[last], handles[last]);
        }
        return handle;
    }

    /** Takes note that one of the timers was cancelled. */
    @Inlined
    public void noteCancelled() {
        cancelled++;
    }

    /** Takes note that somebody says that one of the timers was cancelled. */
    public void noteSaidCancelled() {
        cancelled++;
        isCountExact = false;
    }

    /** Takes note that timers may be said to be in the heap which are not. */
    public void distrustCount() {
        isCountTrusted = false;
    }

    /** Has a timer leave the heap, for {@link #takeRemoved}, if that costs nothing; tells whether it did. */
    @Inlined
    public boolean removeIfLast(long handle) {
        int last = size - 1;
        if (last < 0 || handles[last] != handle) {
            return false;
        }
        size = last;
        removed++;
        handles[handles.length - removed] = handle;
        return true;
    }

    /** Takes note that a cancelled timer was removed. */
    public void noteCancelledRemoved() {
        cancelled--;
    }

    /** Tells whether cancelled timers are the majority, so that {@link #compact} pays off. */
    @Inlined
    public boolean wantsCompaction() {
        return size > MIN_TIMERS_TO_COMPACT && cancelled > size / 2;
    }

    /**
     * Has every cancelled timer leave the heap, in O(n), for {@link #takeRemoved}.
     *
     * @param isCancelled tells of a handle whether it is cancelled; must not touch the heap
     */
    public void compact(LongPredicate isCancelled) {
        if (cancelled == size && isCountExact && isCountTrusted) {
            clear();
            return;
        }
        int end = size;
        int i = 0;
        while (i < end) {
            long handle = handles[i];
            if (isCancelled.test(handle)) {
                move(--end, i);
                handles[end] = handle;
            } else {
                i++;
            }
        }
        removeFrom(end);
        cancelled = 0;
        isCountExact = true;
        for (int parent = (size - 2) >> ARITY_SHIFT; parent >= 0; parent--) {
            siftDown(parent, deadlines[parent], sequences[parent], handles[parent]);
        }
    }

    /** Has every timer leave the heap, for {@link #takeRemoved}. */
    public void clear() {
        removeFrom(0);
        cancelled = 0;
        isCountExact = true;
    }

    /** Tells whether timers have left that were not taken yet. */
    @Inlined
    public boolean hasRemoved() {
        return removed != 0;
    }

    /** Returns the handle of one of those, {@code 0 <= index < removedSize()}. */
    public long getRemoved(int index) {
        assert index >= 0 && index < removed;
        return handles[handles.length - 1 - index];
    }

    /** Returns how many timers have left that were not taken yet. */
    public int removedSize() {
        return removed;
    }

    /** Returns one of the timers that have left, which is the caller's now, or {@link LongQueue#NONE}. */
    public long takeRemoved() {
        return removed == 0 ? LongQueue.NONE : handles[handles.length - removed--];
    }

    /**
     * Gives memory back if the timers there were since the last call cannot have filled a quarter of it; to be called now
     * and then. Amortized O(1): as many must be added to need more memory again as were room for.
     */
    public void trim() {
        // Removals are not counted, so this is a bound on the most timers there were at a time.
        long most = sizeAtTrim + (nextSequence - sequenceAtTrim);
        if (handles.length > INITIAL_CAPACITY && most < handles.length / 4 && removed == 0) {
            resize(Math.max(INITIAL_CAPACITY, (int) most * 2));
        }
        sequenceAtTrim = nextSequence;
        sizeAtTrim = size;
    }

    /** Returns how many timers there is room for without growing. */
    int capacity() {
        return handles.length;
    }

    @Inlined
    private void siftUp(int hole, double deadline, long sequence, long handle) {
        int index = hole;
        while (index > 0) {
            int parent = (index - 1) >> ARITY_SHIFT;
            if (!precedes(deadline, sequence, parent)) {
                break;
            }
            move(parent, index);
            index = parent;
        }
        set(index, deadline, sequence, handle);
    }

    private void siftDown(int hole, double deadline, long sequence, long handle) {
        int index = hole;
        while (true) {
            int child = (index << ARITY_SHIFT) + 1;
            if (child >= size) {
                break;
            }
            int end = Math.min(child + (1 << ARITY_SHIFT), size);
            int least = child;
            for (int i = child + 1; i < end; i++) {
                if (precedes(deadlines[i], sequences[i], least)) {
                    least = i;
                }
            }
            if (precedes(deadline, sequence, least)) {
                break;
            }
            move(least, index);
            index = least;
        }
        set(index, deadline, sequence, handle);
    }

    @Inlined
    private boolean precedes(double deadline, long sequence, int other) {
        double otherDeadline = deadlines[other];
        return deadline < otherDeadline || (deadline == otherDeadline && sequence < sequences[other]);
    }

    @Inlined
    private void move(int from, int to) {
        set(to, deadlines[from], sequences[from], handles[from]);
    }

    @Inlined
    private void set(int index, double deadline, long sequence, long handle) {
        deadlines[index] = deadline;
        sequences[index] = sequence;
        handles[index] = handle;
    }

    /** Moves the timers from {@code index} on, whose handles alone count from now on, behind the heap. */
    private void removeFrom(int index) {
        int count = size - index;
        System.arraycopy(handles, index, handles, handles.length - removed - count, count);
        removed += count;
        size = index;
    }

    /** All or nothing: memory may be short for any of the three. */
    private void resize(int capacity) {
        double[] resizedDeadlines = Arrays.copyOf(deadlines, capacity);
        long[] resizedSequences = Arrays.copyOf(sequences, capacity);
        long[] resizedHandles = Arrays.copyOf(handles, capacity);
        System.arraycopy(handles, handles.length - removed, resizedHandles, capacity - removed, removed);
        deadlines = resizedDeadlines;
        sequences = resizedSequences;
        handles = resizedHandles;
    }
}
