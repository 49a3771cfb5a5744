package dev.pyloop.memory;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/** Makes native function pointers for Java code, by the upcall stubs of Java's foreign linker. Any thread. */
public final class EntryPoints {
    private static final MethodHandle CALL = call();

    private EntryPoints() {}

    /** Returns the address of a function {@code long f(long, long, long, long)} that lives as long as the process. */
    public static long addressOf(EntryPoint target) {
        return NativeLinker.upcallStub(CALL.bindTo(target));
    }

    /**
     * Returns the address of a function {@code long f(long)} that lives as long as the process. It is Java's, too: this
     * engine cannot keep its frames from lying under the calls that {@code target} asks for.
     */
    public static long addressOf(Driven target) {
        return addressOf((EntryPoint) (argument, b, c, d) -> drive(target, argument));
    }

    private static long drive(Driven target, long argument) {
        try (NativeBuffer request = new NativeBuffer(CallRequest.SIZE)) {
            long result = target.begin(argument, request.address());
            while (!CallRequest.isEmpty(request.address())) {
                result = target.resume(CallRequest.call(request.address()), request.address());
            }
            return result;
        }
    }

    private static MethodHandle call() {
        MethodType type = MethodType.methodType(long.class, long.class, long.class, long.class, long.class);
        try {
            return MethodHandles.lookup().findVirtual(EntryPoint.class, "call", type);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("EntryPoint.call", e);
        }
    }
}
