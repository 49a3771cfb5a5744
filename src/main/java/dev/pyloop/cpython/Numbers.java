package dev.pyloop.cpython;

import dev.pyloop.memory.Memory;
import java.lang.invoke.MethodHandle;

/**
 * {@code float} and {@code int}.
 *
 * <pre>
 *   struct PyFloatObject { PyObject_HEAD; double ob_fval; };
 * </pre>
 *
 * <p>Callers hold the GIL.
 */
public final class Numbers {
    private static final MethodHandle FLOAT_FROM_DOUBLE = Interpreter.function("PyFloat_FromDouble", "(D)J");
    private static final MethodHandle FLOAT_AS_DOUBLE = Interpreter.function("PyFloat_AsDouble", "(J)D");
    private static final MethodHandle ADD = Interpreter.function("PyNumber_Add", "(JJ)J");
    private static final MethodHandle LONG_AS_LONG = Interpreter.function("PyLong_AsLong", "(J)J");
    private static final MethodHandle LONG_FROM_LONG = Interpreter.function("PyLong_FromLong", "(J)J");
    private static final long FLOAT_TYPE = Interpreter.symbol("PyFloat_Type");
    private static final long LONG_TYPE = Interpreter.symbol("PyLong_Type");
    private static final long OB_FVAL = Objects.HEADER_SIZE;

    private Numbers() {}

    /** Tells whether {@code object} is exactly a float. */
    public static boolean isFloat(@Borrowed long object) {
        return Objects.type(object) == FLOAT_TYPE;
    }

    /** Tells whether {@code object} is exactly a float or an int. */
    public static boolean isNumber(@Borrowed long object) {
        return Objects.type(object) == FLOAT_TYPE || Objects.type(object) == LONG_TYPE;
    }

    /** Tells whether {@code object} is an int or of a subtype. */
    public static boolean isInteger(@Borrowed long object) {
        return Objects.isInstance(object, LONG_TYPE);
    }

    /** Returns the value of what {@link #isFloat} says is a float. */
    public static double value(@Borrowed long number) {
        return Memory.getDouble(number + OB_FVAL);
    }

    /** Returns {@code object} as a double, as {@code float(object)} does; TypeError for what is no number. */
    public static double toDouble(@Borrowed long object) {
        if (isFloat(object)) {
            return value(object);
        }
        try {
            double value = (double) FLOAT_AS_DOUBLE.invokeExact(object);
            if (value == -1.0 && Errors.occurred()) {
                throw PythonException.PENDING;
            }
            return value;
        } catch (Throwable t) {
            throw Errors.propagate(t);
        }
    }

    /** Returns a new float. */
    public static @Owned long fromDouble(double value) {
        try {
            return Errors.check((long) FLOAT_FROM_DOUBLE.invokeExact(value));
        } catch (Throwable t) {
            throw Errors.propagate(t);
        }
    }

    /** Returns an int as a long; OverflowError when it does not fit. */
    public static long toLong(@Borrowed long object) {
        try {
            long value = (long) LONG_AS_LONG.invokeExact(object);
            if (value == -1 && Errors.occurred()) {
                throw PythonException.PENDING;
            }
            return value;
        } catch (Throwable t) {
            throw Errors.propagate(t);
        }
    }

    /** Returns a new int. */
    public static @Owned long fromLong(long value) {
        try {
            return Errors.check((long) LONG_FROM_LONG.invokeExact(value));
        } catch (Throwable t) {
            throw Errors.propagate(t);
        }
    }

    /** Returns {@code left + right}, as Python adds them. */
    public static @Owned long add(@Borrowed long left, @Borrowed long right) {
        try {
            return Errors.check((long) ADD.invokeExact(left, right));
        } catch (Throwable t) {
            throw Errors.propagate(t);
        }
    }
}
