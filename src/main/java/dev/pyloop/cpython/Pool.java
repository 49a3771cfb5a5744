package dev.pyloop.cpython;

import dev.pyloop.hint.Inlined;

/**
 * Python objects kept for their next use instead of being freed; the pool owns a reference to each.
 *
 * <p>Last in, first out, because the last is the most likely to be in a cache. Guarded by the GIL.
 */
public final class Pool {
    private static final int INITIAL_SIZE = 1024;
    /** As many are kept however long they lie idle. */
    private static final int KEPT = 4096;
    /** So many are freed at a time, because the caller of trim has something else to do. */
    private static final int TRIMMED = 256;

    private final int capacity;
    private long[] objects = new long[INITIAL_SIZE];
    private int size;

    /** Makes an empty pool for {@code capacity} objects. */
    public Pool(int capacity) {
        this.capacity = capacity;
    }

    /** Tells whether there is nothing to take. */
    @Inlined
    public boolean isEmpty() {
        return size == 0;
    }

    /** Tells whether there is no room to put anything, nor memory for more. */
    @Inlined
    public boolean isFull() {
        return size == objects.length && !grow();
    }

    /** Removes and returns an object. The pool must not be empty. */
    @Inlined
    public @Owned long take() {
        return objects[--size];
    }

    /** Adds an object; {@link #isFull} must just have said that there is room. */
    @Inlined
    public void put(@Owned long object) {
        objects[size++] = object;
    }

    private boolean grow() {
        if (size == capacity) {
            return false;
        }
        long[] larger;
        try {
            // Not Arrays.copyOf: where the library's compiler takes that in here, its failure is not caught here.
            larger = new long[Math.min(size * 2, capacity)];
        } catch (OutOfMemoryError e) {
            return false;
        }
        System.arraycopy(objects, 0, larger, 0, size);
        objects = larger;
        return true;
    }

    /** Frees some of the objects if there are many; repeated, it comes to an end. */
    @Inlined
    public void trim() {
        if (hasExcess()) {
            free();
        }
    }

    private void free() {
        for (int n = excess(); n > 0; n--) {
            References.release(take());
        }
    }

    /** Tells whether there are more objects than a pool keeps while idle. */
    @Inlined
    public boolean hasExcess() {
        return size > KEPT;
    }

    /** Returns how many of them should be freed now, if there are any: some. */
    public int excess() {
        return Math.min(size - KEPT, TRIMMED);
    }
}
