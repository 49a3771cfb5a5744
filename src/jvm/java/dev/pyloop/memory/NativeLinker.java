package dev.pyloop.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;
import java.util.Arrays;

/**
 * Makes method handles for native functions and native stubs for method handles.
 *
 * <p>Signatures are JVM method descriptors over {@code J} (pointer or 64-bit integer) and {@code D}: {@code "(JJ)J"} is a
 * {@code long f(void *, long)}. Few distinct shapes keep linking, which dominates start-up, short. Any thread may link.
 */
@SuppressWarnings("restricted")
final class NativeLinker {
    private static final Linker LINKER = Linker.nativeLinker();

    /** What Java is called by. */
    private static final FunctionDescriptor UNIFORM = descriptor("(JJJJ)J");

    private NativeLinker() {}

    /** Links a call through any pointer, which comes before the arguments. */
    static MethodHandle call(String signature) {
        return LINKER.downcallHandle(descriptor(signature));
    }

    /** Links the same with the place to store errno in behind the pointer. */
    static MethodHandle callWithErrno(String signature) {
        return LINKER.downcallHandle(descriptor(signature), Linker.Option.captureCallState("errno"));
    }

    /**
     * Makes a native entry point for {@code target} that lives as long as the process, and returns its address.
     *
     * @param target is {@code "(JJJJ)J"} and never throws: an exception that leaves it ends the process
     */
    static long upcallStub(MethodHandle target) {
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
    static AssertionError unexpected(Throwable thrown) {
        if (thrown instanceof Error error) {
            throw error;
        }
        return new AssertionError("a native call threw", thrown);
    }

    private static FunctionDescriptor descriptor(String signature) {
        MethodType type = MethodType.fromMethodDescriptorString(signature, null);
        MemoryLayout[] parameters = new MemoryLayout[type.parameterCount()];
        Arrays.fill(parameters, ValueLayout.JAVA_LONG);
        return FunctionDescriptor.of(
                type.returnType() == double.class ? ValueLayout.JAVA_DOUBLE : ValueLayout.JAVA_LONG, parameters);
    }
}
