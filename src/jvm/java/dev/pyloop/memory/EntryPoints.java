package dev.pyloop.memory;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayDeque;

/** Makes native function pointers for Java code, by the upcall stubs of Java's foreign linker. Guarded by the GIL. */
public final class EntryPoints {
    private static final MethodHandle CALL = call();
    /** The requests of functions that are not being called. */
    private static final ArrayDeque<NativeBuffer> SPARE_REQUESTS = new ArrayDeque<>();

    private EntryPoints() {}

    /** Returns the address of a function {@code long f(long, long, long, long)} that lives as long as the process. */
    public static long addressOf(EntryPoint target) {
        return NativeLinker.upcallStub(CALL.bindTo(target));
    }

    /**
     * As {@link #addressOf(EntryPoint)}. The function is Java's, too: this engine cannot keep its frames from lying under
     * the calls that {@code target} asks for.
     */
    public static long addressOf(Driven target) {
        return addressOf((EntryPoint) (a, b, c, d) -> drive(target, a, b, c, d));
    }

    private static long drive(Driven target, long a, long b, long c, long d) {
        NativeBuffer memory = SPARE_REQUESTS.isEmpty() ? new NativeBuffer(CallRequest.SIZE) : SPARE_REQUESTS.pop();
        long request = memory.address();
        CallRequest.open(request, a, b, c, d);
        long result = begin(target, request);
        while (!CallRequest.isEmpty(request)) {
            result = resume(target, CallRequest.call(request), request);
        }
        SPARE_REQUESTS.push(memory);
        return result;
    }

    @SuppressWarnings("UnusedMethod") // called by its handle
    private static long call(EntryPoint target, long a, long b, long c, long d) {
        try {
            return target.call(a, b, c, d);
        } catch (Throwable t) {
            return target.failed(t);
        }
    }

    private static long begin(Driven target, long request) {
        try {
            return target.begin(request);
        } catch (Throwable t) {
            CallRequest.clear(request);
            return target.failed(t);
        }
    }

    private static long resume(Driven target, long result, long request) {
        try {
            return target.resume(result, request);
        } catch (Throwable t) {
            CallRequest.clear(request);
            return target.failed(t);
        }
    }

    private static MethodHandle call() {
        MethodType type = MethodType.methodType(long.class, long.class, long.class, long.class, long.class);
        try {
            return MethodHandles.lookup()
                    .findStatic(EntryPoints.class, "call", type.insertParameterTypes(0, EntryPoint.class));
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("EntryPoints.call", e);
        }
    }
}
