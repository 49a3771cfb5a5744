package dev.pyloop.cpython;

import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeFunction;

/**
 * {@code bytes}.
 *
 * <pre>
 *   struct PyBytesObject { PyObject_VAR_HEAD; Py_hash_t ob_shash; char ob_sval[]; };
 *     ob_size  16
 *     ob_sval  32
 * </pre>
 *
 * <p>Callers hold the GIL.
 */
public final class Bytes {
    private static final NativeFunction FROM_STRING = Interpreter.function("PyBytes_FromStringAndSize");
    private static final long TYPE = Interpreter.symbol("PyBytes_Type");
    private static final long OB_SIZE = 16;
    private static final long OB_SVAL = 32;

    private Bytes() {}

    /** Tells whether {@code object} is bytes or of a subtype, which has the same layout. */
    public static boolean isBytes(@Borrowed long object) {
        return Objects.isInstance(object, TYPE);
    }

    /** Returns the number of bytes. */
    public static long size(@Borrowed long bytes) {
        return Memory.getLong(bytes + OB_SIZE);
    }

    /** Returns the address of the first byte. */
    public static long address(@Borrowed long bytes) {
        return bytes + OB_SVAL;
    }

    /** Makes a copy of {@code size} bytes at {@code address}. */
    public static @Owned long copyOf(long address, long size) {
        return Errors.check(FROM_STRING.call(address, size));
    }

    /**
     * Returns bytes with the contents of {@code bytes}: the same object unless it is of a subtype. To give up the result
     * never runs a finalizer or anything else of the program's.
     */
    public static @Owned long plain(@Borrowed long bytes) {
        return Objects.type(bytes) == TYPE ? References.retain(bytes) : copyOf(address(bytes), size(bytes));
    }

    /** Makes an object of {@code size} bytes for the caller to fill before anybody else sees it. */
    public static @Owned long allocate(long size) {
        return copyOf(Objects.NULL, size);
    }

    /** Makes a copy of a Java array; for what is rare. */
    public static @Owned long of(byte[] array) {
        long bytes = allocate(array.length);
        for (int i = 0; i < array.length; i++) {
            Memory.putByte(address(bytes) + i, array[i]);
        }
        return bytes;
    }
}
