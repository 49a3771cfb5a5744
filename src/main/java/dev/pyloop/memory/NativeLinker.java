package dev.pyloop.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;

/**
 * Makes method handles for native functions and native stubs for method handles.
 *
 * <p>Signatures are JVM method descriptors over {@code J} (pointer or 64-bit integer), {@code I}, {@code D} and
 * {@code V}: {@code "(JJ)I"} is an {@code int f(void *, void *)}. Few distinct shapes keep linking, which dominates
 * start-up, short. Any thread may link.
 */
@SuppressWarnings("restricted")
public final class NativeLinker {
    private static final Linker LINKER = Linker.nativeLinker();

    /** What {@link NativeFunction} calls and Java is called by. */
    private static final FunctionDescriptor UNIFORM = descriptor(methodType("(JJJJ)J"));

    private NativeLinker() {}

    /** Links a function that {@link NativeFunction} cannot call. It may block, call back into Java or run Python code. */
    public static MethodHandle function(long address, String signature) {
        MethodType type = methodType(signature);
        return LINKER.downcallHandle(MemorySegment.ofAddress(address), descriptor(type));
    }

    /** Links what {@link NativeFunction} shares: a call through any pointer, which comes before four arguments. */
    static MethodHandle uniform() {
        return LINKER.downcallHandle(UNIFORM);
    }

    /** Links what {@link SystemCall} shares: the same with six, and the place to store errno in behind the pointer. */
    static MethodHandle uniformWithErrno() {
        return LINKER.downcallHandle(descriptor(methodType("(JJJJJJ)J")), Linker.Option.captureCallState("errno"));
    }

    /**
     * Makes a native entry point for {@code target} that lives as long as the process, and returns its address.
     *
     * @param target is {@code "(JJJJ)J"} and never throws: an exception that leaves it ends the process
     */
    public static long entryPoint(MethodHandle target) {
        return LINKER.upcallStub(target, UNIFORM, Arena.global()).address();
    }

    /** Returns the address of the C library's {@code dlsym}. */
    static long dlsym() {
        return LINKER.defaultLookup().findOrThrow("dlsym").address();
    }

    static MemoryLayout errnoLayout() {
        return Linker.Option.captureStateLayout();
    }

    /**
     * Wraps what an {@code invokeExact} declares but a correctly typed downcall never throws; what the JVM itself throws
     * (out of stack, out of memory) goes on.
     */
    public static AssertionError unexpected(Throwable thrown) {
        if (thrown instanceof Error error) {
            throw error;
        }
        return new AssertionError("a native call threw", thrown);
    }

    private static MethodType methodType(String signature) {
        return MethodType.fromMethodDescriptorString(signature, null);
    }

    private static FunctionDescriptor descriptor(MethodType type) {
        MemoryLayout[] parameters = new MemoryLayout[type.parameterCount()];
        for (int i = 0; i < parameters.length; i++) {
            parameters[i] = layout(type.parameterType(i));
        }
        return type.returnType() == void.class
                ? FunctionDescriptor.ofVoid(parameters)
                : FunctionDescriptor.of(layout(type.returnType()), parameters);
    }

    private static MemoryLayout layout(Class<?> type) {
        if (type == long.class) {
            return ValueLayout.JAVA_LONG;
        }
        if (type == int.class) {
            return ValueLayout.JAVA_INT;
        }
        if (type == double.class) {
            return ValueLayout.JAVA_DOUBLE;
        }
        throw new IllegalArgumentException("not a type of native signatures: " + type);
    }
}
