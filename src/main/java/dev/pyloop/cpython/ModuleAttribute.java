package dev.pyloop.cpython;

import dev.pyloop.hint.Inlined;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeFunction;

/**
 * An attribute of a module that is asked for so often that its value is read in place.
 *
 * <pre>
 *   struct PyDictObject { PyObject_HEAD; Py_ssize_t ma_used; uint64_t tag; PyDictKeysObject *ma_keys; … };
 * </pre>
 *
 * <p>The keys, and the values with them, stay where they are until the dict gets others; that is seen by their address.
 * Where the value is among them is not known but found: behind the pointer to the name. The module lives as long as the
 * process. Callers hold the GIL.
 */
public final class ModuleAttribute {
    private static final NativeFunction GET_ITEM = Interpreter.function("PyDict_GetItemWithError");
    private static final NativeFunction GET_DICT = Interpreter.function("PyModule_GetDict");
    private static final long MA_KEYS = Objects.HEADER_SIZE + 2 * Long.BYTES;
    private static final long FUNCTION_TYPE = Interpreter.symbol("PyCFunction_Type");
    private static final long NOWHERE = 0;

    private final @Borrowed long dict;
    private final @Borrowed long name;
    private long keys = NOWHERE;
    private long address = NOWHERE;

    /** Makes what knows the attribute {@code name}, an interned string that lives as long as the process. */
    public ModuleAttribute(@Borrowed long module, @Borrowed long name) {
        dict = GET_DICT.call(module);
        this.name = name;
    }

    /** Returns the value; NULL if there is none. */
    @Inlined
    public @Borrowed long value() {
        return Memory.getLong(dict + MA_KEYS) == keys ? Memory.getLong(address) : find();
    }

    /** Tells whether {@code object} is a function that is written in C. */
    @Inlined
    public static boolean isFunctionOfC(@Borrowed long object) {
        return Objects.type(object) == FUNCTION_TYPE;
    }

    private @Borrowed long find() {
        long value = GET_ITEM.call(dict, name);
        keys = NOWHERE;
        long size = sizeOfKeys();
        long first = Memory.getLong(dict + MA_KEYS);
        for (long at = first; at + 2 * Long.BYTES <= first + size; at += Long.BYTES) {
            if (Memory.getLong(at) == name && Memory.getLong(at + Long.BYTES) == value) {
                keys = first;
                address = at + Long.BYTES;
            }
        }
        return value;
    }

    private long sizeOfKeys() {
        long method = Objects.getAttribute(dict, "__sizeof__");
        try {
            long size = Calls.call(method);
            try {
                return Numbers.toLong(size) - Types.basicSize(Objects.type(dict));
            } finally {
                References.release(size);
            }
        } finally {
            References.release(method);
        }
    }
}
