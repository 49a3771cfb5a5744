package dev.pyloop.memory;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Calls C functions by their addresses, through Java's foreign linker.
 *
 * <p>Every shape of call is linked when it is first used: linking is most of what the start pays for. The pointer is passed
 * along with each call rather than bound to a handle, which would be linked too. Stateless; any thread.
 */
final class Downcalls {
    private static final MethodHandle FOUR = NativeLinker.call("(JJJJ)J");

    private static final class Five {
        static final MethodHandle HANDLE = NativeLinker.call("(JJJJJ)J");
    }

    private static final class OneToDouble {
        static final MethodHandle HANDLE = NativeLinker.call("(J)D");
    }

    /** The place to store errno in comes behind the pointer. */
    private static final class SixWithErrno {
        static final MethodHandle HANDLE = NativeLinker.callWithErrno("(JJJJJJ)J");
    }

    private Downcalls() {}

    /** Calls {@code long f(long, long, long, long)}. */
    static long call(long function, long a, long b, long c, long d) {
        try {
            return (long) FOUR.invokeExact(MemorySegment.ofAddress(function), a, b, c, d);
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /** Calls {@code long f(long, long, long, long, long)}. */
    static long call(long function, long a, long b, long c, long d, long e) {
        try {
            return (long) Five.HANDLE.invokeExact(MemorySegment.ofAddress(function), a, b, c, d, e);
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /** Calls {@code long f(long, long)}, which returns at once; a shape of its own would not pay for its linking. */
    static long callLeaf(long function, long a, long b) {
        return call(function, a, b, 0, 0);
    }

    /** Calls {@code double f(long)}. */
    static double callDouble(long function, long a) {
        try {
            return (double) OneToDouble.HANDLE.invokeExact(MemorySegment.ofAddress(function), a);
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /** Calls a function that sets errno and returns {@code long}; answers the negated errno if that is negative. */
    static long systemCall(long function, ErrnoState errno, long a, long b, long c, long d, long e, long f) {
        return errno.result(callWithErrno(function, errno, a, b, c, d, e, f));
    }

    /** Calls a function that sets errno and returns {@code int}; answers the negated errno if that is negative. */
    static int systemCallInt(long function, ErrnoState errno, long a, long b, long c, long d, long e, long f) {
        return errno.result((int) callWithErrno(function, errno, a, b, c, d, e, f));
    }

    /** As {@link #systemCallInt}, for a function that may sleep: {@code lock}, which the thread holds, is given up. */
    static int systemCallUnlocked(
            long function, ErrnoState errno, NativeLock lock, long a, long b, long c, long d, long e, long f) {
        if (lock.release() == 0) {
            return systemCallInt(function, errno, a, b, c, d, e, f);
        }
        long state = call(lock.release(), 0, 0, 0, 0);
        try {
            return systemCallInt(function, errno, a, b, c, d, e, f);
        } finally {
            call(lock.acquire(), state, 0, 0, 0);
        }
    }

    /** Returns the address of the C library's {@code dlsym}. */
    static long dlsym() {
        return NativeLinker.dlsym();
    }

    private static long callWithErrno(long function, ErrnoState errno, long a, long b, long c, long d, long e, long f) {
        try {
            return (long) SixWithErrno.HANDLE.invokeExact(
                    MemorySegment.ofAddress(function), errno.segment(), a, b, c, d, e, f);
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }
}
