package dev.pyloop.memory;

import org.graalvm.nativeimage.c.function.CFunction;
import org.graalvm.nativeimage.c.function.CFunction.Transition;
import org.graalvm.nativeimage.c.function.CFunctionPointer;
import org.graalvm.nativeimage.c.function.InvokeCFunctionPointer;
import org.graalvm.word.WordFactory;

/**
 * Calls C functions by their addresses.
 *
 * <p>A call leaves Java for its time, so that the Java garbage collector may run meanwhile, wherever the function may run
 * Python code. System calls that do not sleep stay in Java: the thread holds the GIL, so nobody else is in Java who could
 * wait for it. They go through {@code src/native/c/bridge/calls.c}, which reads errno before anything can change it, and
 * which, for a call that sleeps, gives the GIL up where the thread is outside Java already. So whoever is in Java holds the
 * GIL. Stateless; any thread.
 */
final class Downcalls {
    private interface Four extends CFunctionPointer {
        @InvokeCFunctionPointer
        long call(long a, long b, long c, long d);
    }

    private interface Five extends CFunctionPointer {
        @InvokeCFunctionPointer
        long call(long a, long b, long c, long d, long e);
    }

    private interface Leaf extends CFunctionPointer {
        @InvokeCFunctionPointer(transition = Transition.NO_TRANSITION)
        long call(long a, long b);
    }

    private interface OneToDouble extends CFunctionPointer {
        @InvokeCFunctionPointer
        double call(long a);
    }

    private Downcalls() {}

    /** Calls {@code long f(long, long, long, long)}. */
    static long call(long function, long a, long b, long c, long d) {
        return ((Four) WordFactory.pointer(function)).call(a, b, c, d);
    }

    /** Calls {@code long f(long, long, long, long, long)}. */
    static long call(long function, long a, long b, long c, long d, long e) {
        return ((Five) WordFactory.pointer(function)).call(a, b, c, d, e);
    }

    /** Calls {@code long f(long, long)}, which returns at once, without leaving Java. */
    static long callLeaf(long function, long a, long b) {
        return ((Leaf) WordFactory.pointer(function)).call(a, b);
    }

    /** Calls {@code double f(long)}. */
    static double callDouble(long function, long a) {
        return ((OneToDouble) WordFactory.pointer(function)).call(a);
    }

    /** Calls a function that sets errno and returns {@code long}; answers the negated errno if that is negative. */
    static long systemCall(long function, ErrnoState errno, long a, long b, long c, long d, long e, long f) {
        return systemCall(function, a, b, c, d, e, f);
    }

    /** Calls a function that sets errno and returns {@code int}; answers the negated errno if that is negative. */
    static int systemCallInt(long function, ErrnoState errno, long a, long b, long c, long d, long e, long f) {
        return systemCallInt(function, a, b, c, d, e, f);
    }

    /** As {@link #systemCallInt}, for a function that may sleep: {@code lock}, which the thread holds, is given up. */
    static int systemCallUnlocked(
            long function, ErrnoState errno, NativeLock lock, long a, long b, long c, long d, long e, long f) {
        return systemCallUnlocked(function, lock.release(), lock.acquire(), a, b, c, d, e, f);
    }

    /** Returns the address of the C library's {@code dlsym}. */
    @CFunction(value = "pyloop_dlsym", transition = Transition.NO_TRANSITION)
    static native long dlsym();

    @CFunction(value = "pyloop_system_call", transition = Transition.NO_TRANSITION)
    private static native long systemCall(long function, long a, long b, long c, long d, long e, long f);

    @CFunction(value = "pyloop_system_call_int", transition = Transition.NO_TRANSITION)
    private static native int systemCallInt(long function, long a, long b, long c, long d, long e, long f);

    @CFunction("pyloop_system_call_unlocked")
    private static native int systemCallUnlocked(
            long function, long release, long acquire, long a, long b, long c, long d, long e, long f);
}
