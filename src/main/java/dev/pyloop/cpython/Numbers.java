package dev.pyloop.cpython;

import dev.pyloop.hint.Inlined;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeFunction;

/**
 * {@code float} and {@code int}.
 *
 * <pre>
 *   struct PyFloatObject { PyObject_HEAD; double ob_fval; };
 *
 *   struct _longobject { PyObject_HEAD; uintptr_t lv_tag; digit ob_digit[]; };     // from 3.12 on
 *     lv_tag: number of digits << 3 | sign, which is 0 for positive, 1 for zero and 2 for negative numbers
 *   struct _longobject { PyObject_VAR_HEAD; digit ob_digit[]; };                   // 3.11
 *     ob_size: number of digits, negative for negative numbers
 * </pre>
 *
 * <p>Callers hold the GIL.
 */
public final class Numbers {
    private static final NativeFunction LONG_AS_LONG = Interpreter.function("PyLong_AsLong");
    private static final NativeFunction LONG_FROM_LONG = Interpreter.function("PyLong_FromLong");
    private static final NativeFunction AS_SSIZE = Interpreter.function("PyNumber_AsSsize_t");
    private static final NativeFunction ALLOCATE = Interpreter.function("PyType_GenericAlloc");
    private static final long FLOAT_TYPE = Interpreter.symbol("PyFloat_Type");
    private static final long LONG_TYPE = Interpreter.symbol("PyLong_Type");
    private static final long OB_FVAL = Objects.HEADER_SIZE;

    /** The version that packed the number of digits and the sign in a tag. */
    private static final boolean TAGGED = Interpreter.version() >= 0x030C0000;

    private static final long LV_TAG = Objects.HEADER_SIZE;
    private static final long OB_DIGIT = LV_TAG + Long.BYTES;
    private static final long LV_TAG_SIGN = 3;
    private static final long LV_TAG_TWO_DIGITS = 16;

    /** What few programs need. */
    private static final class Doubles {
        static final NativeFunction AS_DOUBLE = Interpreter.function("PyFloat_AsDouble");
    }

    private Numbers() {}

    /** Tells whether {@code object} is exactly a float. */
    @Inlined
    public static boolean isFloat(@Borrowed long object) {
        return Objects.type(object) == FLOAT_TYPE;
    }

    /** Tells whether {@code object} is exactly a float or an int. */
    @Inlined
    public static boolean isNumber(@Borrowed long object) {
        return Objects.type(object) == FLOAT_TYPE || Objects.type(object) == LONG_TYPE;
    }

    /** Tells whether {@code object} is an int or of a subtype. */
    public static boolean isInteger(@Borrowed long object) {
        return Objects.isInstance(object, LONG_TYPE);
    }

    /** Returns the value of what {@link #isFloat} says is a float. */
    @Inlined
    public static double value(@Borrowed long number) {
        return Memory.getDouble(number + OB_FVAL);
    }

    /** Returns {@code object} as a double, as {@code float(object)} does; TypeError for what is no number. */
    public static double toDouble(@Borrowed long object) {
        if (isFloat(object)) {
            return value(object);
        }
        if (Objects.type(object) == LONG_TYPE && isCompact(object)) {
            return compactValue(object);
        }
        double value = asDouble(object);
        if (value == -1.0 && Errors.occurred()) {
            throw PythonException.PENDING;
        }
        return value;
    }

    /** Tells whether {@code object} is exactly an int, of at most 30 bits. */
    public static boolean isSmallInteger(@Borrowed long object) {
        return Objects.type(object) == LONG_TYPE && isCompact(object);
    }

    /** Tells whether an int has at most one digit, that is 30 bits. */
    static boolean isCompact(@Borrowed long number) {
        long tag = Memory.getLong(number + LV_TAG);
        return TAGGED ? Long.compareUnsigned(tag, LV_TAG_TWO_DIGITS) < 0 : tag >= -1 && tag <= 1;
    }

    /** Returns the value of what {@link #isSmallInteger} says is a small int. */
    public static long compactValue(@Borrowed long number) {
        long tag = Memory.getLong(number + LV_TAG);
        long sign = TAGGED ? 1 - (tag & LV_TAG_SIGN) : tag;
        return sign * Memory.getInt(number + OB_DIGIT);
    }

    /** Changes a float, of which the caller must have the only reference. */
    public static void setValue(@Borrowed long number, double value) {
        Memory.putDouble(number + OB_FVAL, value);
    }

    /** Returns a new float. Not by {@code PyFloat_FromDouble}, which would need a way of calling of its own. */
    public static @Owned long fromDouble(double value) {
        long number = Errors.check(ALLOCATE.call(FLOAT_TYPE, 0));
        setValue(number, value);
        return number;
    }

    /** Returns an int as a long; OverflowError when it does not fit. */
    public static long toLong(@Borrowed long object) {
        long value = LONG_AS_LONG.call(object);
        if (value == -1 && Errors.occurred()) {
            throw PythonException.PENDING;
        }
        return value;
    }

    /** Returns an int as a long, or the nearest long there is. */
    public static long toLongSaturated(@Borrowed long object) {
        long value = AS_SSIZE.call(object, Objects.NULL);
        if (value == -1 && Errors.occurred()) {
            throw PythonException.PENDING;
        }
        return value;
    }

    /** Returns a new int. */
    public static @Owned long fromLong(long value) {
        return Errors.check(LONG_FROM_LONG.call(value));
    }

    private static double asDouble(long object) {
        return Doubles.AS_DOUBLE.callDouble(object);
    }
}
