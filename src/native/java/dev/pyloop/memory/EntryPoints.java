package dev.pyloop.memory;

import org.graalvm.nativeimage.IsolateThread;
import org.graalvm.nativeimage.c.function.CEntryPoint;
import org.graalvm.nativeimage.c.function.CFunction;

/**
 * Makes native function pointers for Java code: each is one of a fixed set of C functions, which know their number and the
 * calling thread ({@code src/native/c/bridge/entries.c}), and all of them enter Java here.
 *
 * <p>Guarded by the GIL.
 */
public final class EntryPoints {
    /** As many as {@code bridge.h} says. */
    private static final int CAPACITY = 256;

    private static final EntryPoint[] TARGETS = new EntryPoint[CAPACITY];
    private static int count;

    private EntryPoints() {}

    /** Returns the address of a function {@code long f(long, long, long, long)} that lives as long as the process. */
    public static long addressOf(EntryPoint target) {
        if (count == CAPACITY) {
            throw new IllegalStateException("more than " + CAPACITY + " entry points");
        }
        TARGETS[count] = target;
        return entry(count++);
    }

    @CFunction("pyloop_entry")
    private static native long entry(int number);

    @CEntryPoint(name = "pyloop_dispatch")
    @SuppressWarnings({"UnusedMethod", "UnusedVariable"}) // called from C; the thread is for the prologue
    private static long dispatch(IsolateThread thread, int number, long a, long b, long c, long d) {
        return TARGETS[number].call(a, b, c, d);
    }
}
