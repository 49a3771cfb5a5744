package dev.pyloop.cpython;

import dev.pyloop.hint.Inlined;
import dev.pyloop.memory.Memory;

/**
 * Tuples of the arguments of callbacks, of which the short ones are kept for the next callback instead of being freed.
 *
 * <p>A tuple that is kept is empty inside: the pool holds its one reference, and nobody can see it. A short tuple that
 * {@link #take} returns is not tracked by the garbage collector, which would look through each in vain: whoever owns the
 * tuple shows the collector its items as long as it {@linkplain #isUnseen is unseen}, and has it tracked with
 * {@link #track} when somebody else may get it. Guarded by the GIL, shared by all loops.
 */
public final class ArgumentTuples {
    private static final int LONGEST = 4;
    private static final int CAPACITY = 1 << 16;
    private static final long TYPE = Objects.type(Tuples.EMPTY);

    /** By length, less one. */
    private static final Pool[] POOLS = {new Pool(CAPACITY), new Pool(CAPACITY), new Pool(CAPACITY), new Pool(CAPACITY)
    };

    private ArgumentTuples() {}

    /** Returns a tuple of the {@code count} objects whose pointers are at {@code address}. */
    @Inlined
    public static @Owned long take(long address, long count) {
        if (count == 0) {
            return References.retain(Tuples.EMPTY);
        }
        if (count > LONGEST) {
            return Tuples.copyOf(address, count);
        }
        long tuple = takeShort(count);
        long items = Tuples.items(tuple);
        for (long i = 0; i < count; i++) {
            long item = References.retain(Memory.getLong(address + i * Long.BYTES));
            Memory.putLong(items + i * Long.BYTES, item);
        }
        return tuple;
    }

    /** Returns a tuple of one object. */
    public static @Owned long of(@Borrowed long item) {
        long tuple = takeShort(1);
        Memory.putLong(Tuples.items(tuple), References.retain(item));
        return tuple;
    }

    /**
     * Gives up a tuple, which is kept if nobody else has it. May run any Python code, which finds no trace of the tuple.
     *
     * @param object any object: programs replace the arguments of handles
     */
    @Inlined
    public static void release(@Owned long object) {
        if (object != Tuples.EMPTY) {
            if (isUnseen(object) && keep(object)) {
                return;
            }
            track(object);
        }
        References.release(object);
    }

    /** Tells whether an object is a tuple that has items, and that neither the program nor the garbage collector can see. */
    @Inlined
    public static boolean isUnseen(@Borrowed long object) {
        return Objects.type(object) == TYPE
                && References.isUnique(object)
                && !Types.isTracked(object)
                && Tuples.size(object) != 0;
    }

    /** Has the garbage collector track an object that somebody else may get, if it is a tuple. */
    public static void track(@Borrowed long object) {
        if (Objects.type(object) == TYPE && Tuples.size(object) != 0 && !Types.isTracked(object)) {
            Types.track(object);
        }
    }

    /** Frees some of what is kept for the next use, if that is much. */
    public static void trim() {
        for (Pool pool : POOLS) {
            pool.trim();
        }
    }

    @Inlined
    private static @Owned long takeShort(long count) {
        Pool pool = POOLS[(int) count - 1];
        return pool.isEmpty() ? create(count) : pool.take();
    }

    private static @Owned long create(long count) {
        long tuple = Tuples.create(count);
        Types.untrack(tuple);
        return tuple;
    }

    /** Keeps a tuple that nobody can see, if there is room, and gives its items up. */
    @Inlined
    private static boolean keep(@Owned long tuple) {
        long count = Tuples.size(tuple);
        if (count > LONGEST) {
            return false;
        }
        Pool pool = POOLS[(int) count - 1];
        if (pool.isFull()) {
            return false;
        }
        long first = take(tuple, 0);
        long second = count > 1 ? take(tuple, 1) : Objects.NULL;
        long third = count > 2 ? take(tuple, 2) : Objects.NULL;
        long fourth = count > 3 ? take(tuple, 3) : Objects.NULL;
        Tuples.forgetHash(tuple);
        pool.put(tuple);
        // Last, because destructors may run any code, which may take the tuple out of the pool again.
        References.release(first);
        References.releaseUnlessNull(second);
        References.releaseUnlessNull(third);
        References.releaseUnlessNull(fourth);
        return true;
    }

    @Inlined
    private static @Owned long take(long tuple, int index) {
        long address = Tuples.items(tuple) + (long) index * Long.BYTES;
        long item = Memory.getLong(address);
        Memory.putLong(address, Objects.NULL);
        return item;
    }
}
