package dev.pyloop.reactor;

import java.util.Arrays;

/**
 * The reader and the writer handle of every watched descriptor.
 *
 * <p>Indexed by descriptor, as the kernel numbers them from the lowest. A slot holds {@link #NULL_HANDLE} or a handle
 * the table's user owns. Not thread-safe; the event loop's lock orders its use.
 */
public final class WatchTable {
    /** The value no handle has. */
    public static final long NULL_HANDLE = 0;

    private static final int INITIAL_CAPACITY = 64;

    private long[] readers = new long[INITIAL_CAPACITY];
    private long[] writers = new long[INITIAL_CAPACITY];
    /** Which of the two, as {@link Interest} bits, was put there by {@link #replaceOnce}. */
    private byte[] once = new byte[INITIAL_CAPACITY];

    private int count;

    /** Returns the reader of {@code descriptor}, or {@link #NULL_HANDLE}. */
    public long reader(int descriptor) {
        return descriptor < readers.length ? readers[descriptor] : NULL_HANDLE;
    }

    /** Returns the writer of {@code descriptor}, or {@link #NULL_HANDLE}. */
    public long writer(int descriptor) {
        return descriptor < writers.length ? writers[descriptor] : NULL_HANDLE;
    }

    /** Returns what {@code descriptor} has handles for, as {@link Interest} bits. */
    public int interest(int descriptor) {
        return (reader(descriptor) != NULL_HANDLE ? Interest.READ : 0)
                | (writer(descriptor) != NULL_HANDLE ? Interest.WRITE : 0);
    }

    /** Makes room for handles of {@code descriptor}, so that putting them there cannot fail. */
    public void reserve(int descriptor) {
        if (descriptor >= readers.length) {
            grow(descriptor);
        }
    }

    /** Puts {@code handle} in the one slot that {@code kind} (one bit) names and returns what was there. */
    public long replace(int descriptor, int kind, long handle) {
        if (descriptor >= readers.length) {
            if (handle == NULL_HANDLE) {
                return NULL_HANDLE;
            }
            grow(descriptor);
        }
        int before = interest(descriptor);
        long[] slots = kind == Interest.READ ? readers : writers;
        long previous = slots[descriptor];
        slots[descriptor] = handle;
        once[descriptor] &= (byte) ~kind;
        count += Integer.signum(interest(descriptor)) - Integer.signum(before);
        return previous;
    }

    /** As {@link #replace}, for a handle that {@link #isOnce} shall tell from others. */
    public long replaceOnce(int descriptor, int kind, long handle) {
        long previous = replace(descriptor, kind, handle);
        once[descriptor] |= (byte) kind;
        return previous;
    }

    /** Tells whether the handle in the slot was put there by {@link #replaceOnce}. */
    public boolean isOnce(int descriptor, int kind) {
        return descriptor < once.length && (once[descriptor] & kind) != 0;
    }

    /** Returns the number of descriptors with at least one handle. */
    public int count() {
        return count;
    }

    /** Returns a number above every watched descriptor. */
    public int limit() {
        return readers.length;
    }

    /** All or nothing: memory may be short for any of the three. */
    private void grow(int descriptor) {
        int capacity = Math.max(descriptor + 1, readers.length * 2);
        long[] largerReaders = Arrays.copyOf(readers, capacity);
        long[] largerWriters = Arrays.copyOf(writers, capacity);
        once = Arrays.copyOf(once, capacity);
        readers = largerReaders;
        writers = largerWriters;
    }
}
