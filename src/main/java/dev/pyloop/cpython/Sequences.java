package dev.pyloop.cpython;

import dev.pyloop.memory.Memory;

/**
 * {@code list}.
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
    private static final long TYPE = Interpreter.symbol("PyList_Type");
    private static final long OB_SIZE = 16;
    private static final long OB_ITEM = 24;

    private Sequences() {}

    /** Tells whether {@code object} is exactly a list. */
    public static boolean isList(@Borrowed long object) {
        return Objects.type(object) == TYPE;
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
