package dev.pyloop.cpython;

import dev.pyloop.hint.Inlined;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeFunction;

/**
 * {@code tuple}.
 *
 * <pre>
 *   struct PyTupleObject { PyObject_VAR_HEAD; [3.14: Py_hash_t ob_hash;] PyObject *ob_item[]; };
 * </pre>
 *
 * <p>Callers hold the GIL.
 */
public final class Tuples {
    private static final long OB_SIZE = 16;
    private static final NativeFunction NEW = Interpreter.function("PyTuple_New");

    /** The empty tuple, which the interpreter keeps for ever. */
    public static final @Borrowed long EMPTY = create(0);

    /** Items start where an instance without items ends. */
    private static final long OB_ITEM = Types.basicSize(Objects.type(EMPTY));

    /** Where the hash is kept that was asked for last, from 3.14 on. */
    private static final long OB_HASH = OB_ITEM - Long.BYTES;

    private static final boolean KEEPS_HASH = OB_HASH > OB_SIZE;
    private static final long NO_HASH = -1;

    private Tuples() {}

    /** Tells whether {@code object} is exactly a tuple. */
    public static boolean isTuple(@Borrowed long object) {
        return Objects.type(object) == Objects.type(EMPTY);
    }

    /** Returns the number of items. */
    @Inlined
    public static long size(@Borrowed long tuple) {
        return Memory.getLong(tuple + OB_SIZE);
    }

    /** Returns the address of the first item's pointer. */
    @Inlined
    public static long items(@Borrowed long tuple) {
        return tuple + OB_ITEM;
    }

    /** Returns item {@code index}. */
    @Inlined
    public static @Borrowed long get(@Borrowed long tuple, long index) {
        return Memory.getLong(items(tuple) + index * Long.BYTES);
    }

    /** Makes a tuple of the {@code count} objects whose pointers are at {@code address}. */
    public static @Owned long copyOf(long address, long count) {
        if (count == 0) {
            return References.retain(EMPTY);
        }
        long tuple = create(count);
        for (long i = 0; i < count; i++) {
            long item = References.retain(Memory.getLong(address + i * Long.BYTES));
            Memory.putLong(items(tuple) + i * Long.BYTES, item);
        }
        return tuple;
    }

    /** Makes a tuple of {@code items}; for start-up and what is rare. */
    public static @Owned long of(@Borrowed long... items) {
        long tuple = create(items.length);
        for (int i = 0; i < items.length; i++) {
            Memory.putLong(items(tuple) + (long) i * Long.BYTES, References.retain(items[i]));
        }
        return tuple;
    }

    /** Says that the items of a tuple that nobody can see are not what they were. */
    @Inlined
    static void forgetHash(@Borrowed long tuple) {
        if (KEEPS_HASH) {
            Memory.putLong(tuple + OB_HASH, NO_HASH);
        }
    }

    /** Makes a tuple whose items are NULL, which the caller sets before anybody sees it. */
    static @Owned long create(long size) {
        return Errors.check(NEW.call(size));
    }
}
