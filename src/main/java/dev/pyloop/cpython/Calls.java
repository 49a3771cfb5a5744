package dev.pyloop.cpython;

import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeBuffer;
import java.lang.invoke.MethodHandle;

/**
 * Calls of Python callables.
 *
 * <p>The {@code try} forms answer {@link Objects#NULL} with the error indicator set, for callers that handle the error;
 * the others throw {@link PythonException#PENDING}. All may run any Python code. Callers hold the GIL.
 */
public final class Calls {
    private static final MethodHandle NO_ARGS = Interpreter.function("PyObject_CallNoArgs", "(J)J");
    private static final MethodHandle ONE_ARG = Interpreter.function("PyObject_CallOneArg", "(JJ)J");
    private static final MethodHandle VECTORCALL = Interpreter.function("PyObject_Vectorcall", "(JJJJ)J");

    /** Calls of methods by name, which transports make and a program without connections does not. */
    private static final class Method {
        static final MethodHandle CALL = Interpreter.variadic("PyObject_CallMethodObjArgs", "(JJJ)J", 2);
        static final MethodHandle CALL_WITH_ONE = Interpreter.variadic("PyObject_CallMethodObjArgs", "(JJJJ)J", 2);
    }

    /** What only datagrams need. */
    private static final class MethodOfTwo {
        static final MethodHandle CALL = Interpreter.variadic("PyObject_CallMethodObjArgs", "(JJJJJ)J", 2);
    }

    private Calls() {}

    /** Calls {@code callable} without arguments. */
    public static @Owned long tryCall(@Borrowed long callable) {
        try {
            return (long) NO_ARGS.invokeExact(callable);
        } catch (Throwable t) {
            throw Errors.propagate(t);
        }
    }

    /**
     * Calls {@code callable} with {@code count} positional arguments and the keyword arguments {@code names} behind them.
     *
     * @param arguments address of the arguments' pointers
     * @param names tuple of the keywords, or {@link Objects#NULL}
     */
    public static @Owned long tryCall(@Borrowed long callable, long arguments, long count, @Borrowed long names) {
        try {
            return (long) VECTORCALL.invokeExact(callable, arguments, count, names);
        } catch (Throwable t) {
            throw Errors.propagate(t);
        }
    }

    /** Calls {@code callable} without arguments. */
    public static @Owned long call(@Borrowed long callable) {
        return Errors.check(tryCall(callable));
    }

    /** Calls {@code callable} with one argument. */
    public static @Owned long call(@Borrowed long callable, @Borrowed long argument) {
        try {
            return Errors.check((long) ONE_ARG.invokeExact(callable, argument));
        } catch (Throwable t) {
            throw Errors.propagate(t);
        }
    }

    /** As {@link #tryCall(long, long, long, long)}, but throws. */
    public static @Owned long call(@Borrowed long callable, long arguments, long count, @Borrowed long names) {
        return Errors.check(tryCall(callable, arguments, count, names));
    }

    /** Calls {@code callable} with several arguments; for what is rare. */
    public static @Owned long callWith(@Borrowed long callable, @Borrowed long... arguments) {
        try (NativeBuffer copy = new NativeBuffer((long) arguments.length * Long.BYTES)) {
            for (int i = 0; i < arguments.length; i++) {
                Memory.putLong(copy.address() + (long) i * Long.BYTES, arguments[i]);
            }
            return call(callable, copy.address(), arguments.length, Objects.NULL);
        }
    }

    /** Calls the method {@code name} of {@code object} without arguments. */
    public static @Owned long callMethod(@Borrowed long object, @Borrowed long name) {
        long method = Objects.getAttribute(object, name);
        try {
            return call(method);
        } finally {
            References.release(method);
        }
    }

    /** Calls the method {@code name} of {@code object} without arguments, without making a bound method of it. */
    public static @Owned long tryCallMethod(@Borrowed long object, @Borrowed long name) {
        try {
            return (long) Method.CALL.invokeExact(object, name, Objects.NULL);
        } catch (Throwable t) {
            throw Errors.propagate(t);
        }
    }

    /** Calls the method {@code name} of {@code object} with one argument, without making a bound method of it. */
    public static @Owned long tryCallMethod(@Borrowed long object, @Borrowed long name, @Borrowed long argument) {
        try {
            return (long) Method.CALL_WITH_ONE.invokeExact(object, name, argument, Objects.NULL);
        } catch (Throwable t) {
            throw Errors.propagate(t);
        }
    }

    /** Calls the method {@code name} of {@code object} with two arguments, without making a bound method of it. */
    public static @Owned long tryCallMethod(
            @Borrowed long object, @Borrowed long name, @Borrowed long first, @Borrowed long second) {
        try {
            return (long) MethodOfTwo.CALL.invokeExact(object, name, first, second, Objects.NULL);
        } catch (Throwable t) {
            throw Errors.propagate(t);
        }
    }
}
