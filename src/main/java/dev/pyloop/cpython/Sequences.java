package dev.pyloop.cpython;

import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeFunction;

/**
 * {@code list}, as what any iterable can be made to.
 *
 * <pre>
 *   struct PyListObject { PyObject_VAR_HEAD; PyObject **ob_item; Py_ssize_t allocated; };
 *     ob_size  16
 *     ob_item  24
 * </pre>
 *
 * <p>Callers hold the GIL.
 */
public final class Sequences {
    private static final NativeFunction TO_LIST = Interpreter.function("PySequence_List");
    private static final long OB_SIZE = 16;
    private static final long OB_ITEM = 24;

    private Sequences() {}

    /** Makes a list of what {@code iterable} yields. */
    public static @Owned long toList(@Borrowed long iterable) {
        return Errors.check(TO_LIST.call(iterable));
    }

    /** Returns the number of items. */
    public static long size(@Borrowed long list) {
        return Memory.getLong(list + OB_SIZE);
    }

    /** Returns the address of the first item's pointer. */
    public static long items(@Borrowed long list) {
        return Memory.getLong(list + OB_ITEM);
    }
}
