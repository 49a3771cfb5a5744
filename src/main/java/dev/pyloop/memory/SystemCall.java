package dev.pyloop.memory;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * A C function as {@link NativeFunction} describes it, but with up to six arguments, whose {@code errno} is wanted.
 *
 * <p>The calls return what the function returns, or the negated errno if that is negative. A function that returns {@code
 * int} is called by {@code callInt}, one that returns {@code ssize_t} by {@code call}. Any thread may call, each with an
 * {@link ErrnoState} of its own.
 */
public record SystemCall(MemorySegment address) {
    private static final MethodHandle POINTER = NativeLinker.uniformWithErrno();

    /** Links what all system calls share, if no call of another function of this class has done so before. */
    public static void link() {
        assert POINTER != null;
    }

    /** Links the function at {@code address}. */
    public static SystemCall at(long address) {
        return new SystemCall(MemorySegment.ofAddress(address));
    }

    /** Links the function {@code name} of the C library. */
    public static SystemCall of(String name) {
        return at(NativeSymbols.libc(name));
    }

    /** Calls a function that returns {@code int}. */
    public int callInt(ErrnoState errno, long a) {
        return callInt(errno, a, 0, 0, 0, 0, 0);
    }

    /** Calls a function that returns {@code int}. */
    public int callInt(ErrnoState errno, long a, long b) {
        return callInt(errno, a, b, 0, 0, 0, 0);
    }

    /** Calls a function that returns {@code int}. */
    public int callInt(ErrnoState errno, long a, long b, long c) {
        return callInt(errno, a, b, c, 0, 0, 0);
    }

    /** Calls a function that returns {@code int}. */
    public int callInt(ErrnoState errno, long a, long b, long c, long d) {
        return callInt(errno, a, b, c, d, 0, 0);
    }

    /** Calls a function that returns {@code int}. */
    public int callInt(ErrnoState errno, long a, long b, long c, long d, long e, long f) {
        try {
            return errno.result((int) (long) POINTER.invokeExact(address, errno.segment(), a, b, c, d, e, f));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /** Calls a function that returns {@code ssize_t}. */
    public long call(ErrnoState errno, long a, long b, long c) {
        return call(errno, a, b, c, 0, 0, 0);
    }

    /** Calls a function that returns {@code ssize_t}. */
    public long call(ErrnoState errno, long a, long b, long c, long d) {
        return call(errno, a, b, c, d, 0, 0);
    }

    /** Calls a function that returns {@code ssize_t}. */
    public long call(ErrnoState errno, long a, long b, long c, long d, long e, long f) {
        try {
            return errno.result((long) POINTER.invokeExact(address, errno.segment(), a, b, c, d, e, f));
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }
}
