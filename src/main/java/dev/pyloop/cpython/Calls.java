package dev.pyloop.cpython;

import dev.pyloop.hint.Inlined;
import dev.pyloop.memory.CallRequest;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.memory.NativeFunction;

/**
 * Calls of Python callables.
 *
 * <p>The {@code try} forms answer {@link Objects#NULL} with the error indicator set, for callers that handle the error;
 * the others throw {@link PythonException#PENDING}. All may run any Python code. Callers hold the GIL.
 */
public final class Calls {
    private static final NativeFunction NO_ARGS = Interpreter.function("PyObject_CallNoArgs");
    private static final NativeFunction ONE_ARG = Interpreter.function("PyObject_CallOneArg");
    private static final NativeFunction VECTORCALL = Interpreter.function("PyObject_Vectorcall");

    /** Calls of methods by name, which transports make and a program without connections does not. */
    private static final class Method {
        static final NativeFunction CALL = Interpreter.function("PyObject_CallMethodObjArgs");
        static final NativeFunction CALL_WITH_ONE = Interpreter.function("PyObject_CallMethodObjArgs");
    }

    /** Calls that the driver makes for a transport. */
    private static final class Requested {
        static final NativeFunction CALL = Interpreter.function("PyObject_Call");
        static final NativeFunction METHOD = Interpreter.function("PyObject_CallMethodObjArgs");
        static final NativeFunction FUNCTION = Interpreter.function("PyObject_CallFunctionObjArgs");
        static final NativeFunction ATTRIBUTE = Interpreter.function("PyObject_GetAttr");
    }

    private Calls() {}

    /** Calls {@code callable} without arguments. */
    @Inlined
    public static @Owned long tryCall(@Borrowed long callable) {
        return NO_ARGS.call(callable);
    }

    /**
     * Calls {@code callable} with {@code count} positional arguments and the keyword arguments {@code names} behind them.
     *
     * @param arguments address of the arguments' pointers
     * @param names tuple of the keywords, or {@link Objects#NULL}
     */
    @Inlined
    public static @Owned long tryCall(@Borrowed long callable, long arguments, long count, @Borrowed long names) {
        return VECTORCALL.call(callable, arguments, count, names);
    }

    /** Asks for what {@link #tryCall(long, long, long, long)} does; the one who drives makes the call. */
    @Inlined
    public static void request(long request, @Borrowed long callable, long arguments, long count) {
        if (count == 0) {
            CallRequest.fill(request, NO_ARGS, callable, 0, 0, 0);
        } else {
            CallRequest.fill(request, VECTORCALL, callable, arguments, count, Objects.NULL);
        }
    }

    /** Asks for a call with keyword arguments, as {@link #tryCall(long, long, long, long)} takes them. */
    @Inlined
    public static void request(
            long request, @Borrowed long callable, long arguments, long count, @Borrowed long names) {
        CallRequest.fill(request, VECTORCALL, callable, arguments, count, names);
    }

    /** Calls {@code callable} without arguments. */
    public static @Owned long call(@Borrowed long callable) {
        return Errors.check(tryCall(callable));
    }

    /** Calls {@code callable} with one argument. */
    public static @Owned long call(@Borrowed long callable, @Borrowed long argument) {
        return Errors.check(ONE_ARG.call(callable, argument));
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
        return Method.CALL.call(object, name, Objects.NULL);
    }

    /** Calls the method {@code name} of {@code object} with one argument, without making a bound method of it. */
    public static @Owned long tryCallMethod(@Borrowed long object, @Borrowed long name, @Borrowed long argument) {
        return Method.CALL_WITH_ONE.call(object, name, argument, Objects.NULL);
    }

    /** Asks for a call with a tuple of arguments and a dict of keyword arguments, which stay alive until it has been made. */
    @Inlined
    public static void requestWithDict(
            long request, @Borrowed long callable, @Borrowed long arguments, @Borrowed long keywords) {
        CallRequest.fill(request, Requested.CALL, callable, arguments, keywords, 0);
    }

    /**
     * Asks for a call of the method {@code name} of {@code object} with two arguments; either may be NULL, which ends them.
     * What is passed must stay alive until the call has been made.
     */
    @Inlined
    public static void requestMethod(
            long request, @Borrowed long object, @Borrowed long name, @Borrowed long first, @Borrowed long second) {
        CallRequest.fill(request, Requested.METHOD, object, name, first, second, Objects.NULL);
    }

    /** Asks for a call of {@code callable} with two arguments, as {@link #requestMethod} does. */
    public static void requestFunction(
            long request, @Borrowed long callable, @Borrowed long first, @Borrowed long second) {
        CallRequest.fill(request, Requested.FUNCTION, callable, first, second, Objects.NULL);
    }

    /** Asks for the attribute {@code name} of {@code object}, as {@link #requestMethod} does. */
    public static void requestAttribute(long request, @Borrowed long object, @Borrowed long name) {
        CallRequest.fill(request, Requested.ATTRIBUTE, object, name, Objects.NULL, Objects.NULL);
    }
}
