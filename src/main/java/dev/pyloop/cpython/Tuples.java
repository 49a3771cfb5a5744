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

    private static long create(long size) {
        return Errors.check(NEW.call(size));
    }
}
