package dev.pyloop.cpython;

import dev.pyloop.hint.Inlined;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeFunction;

/**
 * Reference counts, edited in place.
 *
 * <pre>
 *   3.11        Py_ssize_t ob_refcnt                            offset 0, 8 bytes
 *   3.12, 3.13  the same; immortal when the low half, signed, is negative (PEP 683)
 *   3.14        uint32_t ob_refcnt; uint16_t ob_overflow, ob_flags; immortal likewise
 * </pre>
 *
 * <p>So on little-endian machines the low four bytes are the count everywhere, and negative means hands off: no object
 * of 3.11 has two thousand million references. A debug build ({@code Py_REF_DEBUG}) counts all references together and is
 * told by function calls instead. Callers hold the GIL.
 */
public final class References {
    /** A debug build of any version exports what reports a count below zero. */
    private static final boolean COUNTED = Interpreter.optionalSymbol("_Py_NegativeRefcount") != 0;

    /** The least count that is changed in place when a reference is taken; any is where all are counted together. */
    private static final int LEAST_RETAINED = COUNTED ? Integer.MAX_VALUE : 0;

    /** The least count that is changed in place when a reference is given up. */
    private static final int LEAST_RELEASED = COUNTED ? Integer.MAX_VALUE : 2;

    private static final NativeFunction PY_INCREF = Interpreter.function("Py_IncRef");
    private static final NativeFunction PY_DECREF = Interpreter.function("Py_DecRef");
    private static final NativeFunction DEALLOC = Interpreter.function("_Py_Dealloc");

    private References() {}

    /** Takes a new reference to {@code object} and returns it. */
    @Inlined
    public static @Owned long retain(@Borrowed long object) {
        int count = Memory.getInt(object);
        if (count >= LEAST_RETAINED) {
            Memory.putInt(object, count + 1);
        } else if (count >= 0) {
            callIncref(object);
        }
        return object;
    }

    /** Gives a reference up. May run any Python code when it was the last. */
    @Inlined
    public static void release(@Owned long object) {
        int count = Memory.getInt(object);
        if (count >= LEAST_RELEASED) {
            Memory.putInt(object, count - 1);
        } else if (count >= 0) {
            releaseLast(object);
        }
    }

    /** Gives a reference up; the null pointer stands for none. */
    @Inlined
    public static void releaseUnlessNull(@Owned long object) {
        if (object != Objects.NULL) {
            release(object);
        }
    }

    /** Gives up the reference stored at {@code slot}, if any, and clears the slot first. */
    public static void releaseSlot(long slot) {
        long object = Memory.getLong(slot);
        if (object != Objects.NULL) {
            Memory.putLong(slot, Objects.NULL);
            release(object);
        }
    }

    /** Stores {@code object} at {@code slot} and then gives up the reference that was there, if any. */
    @Inlined
    public static void replaceSlot(long slot, @Owned long object) {
        long previous = Memory.getLong(slot);
        Memory.putLong(slot, object);
        if (previous != Objects.NULL) {
            release(previous);
        }
    }

    /** Tells whether the caller's reference is the only one. */
    @Inlined
    public static boolean isUnique(@Borrowed long object) {
        return Memory.getInt(object) == 1;
    }

    private static void callIncref(long object) {
        PY_INCREF.call(object);
    }

    /** Gives up the last reference, or any where all are counted together. */
    private static void releaseLast(long object) {
        if (COUNTED) {
            PY_DECREF.call(object);
        } else {
            Memory.putInt(object, 0);
            DEALLOC.call(object);
        }
    }
}
