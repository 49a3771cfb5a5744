package dev.pyloop.memory;

/**
 * A C function as {@link NativeFunction} describes it, but with up to six arguments, whose {@code errno} is wanted.
 *
 * <p>The calls return what the function returns, or the negated errno if that is negative. A function that returns {@code
 * int} is called by {@code callInt}, one that returns {@code ssize_t} by {@code call}. None of them may sleep for long or
 * call back, except by {@link #callUnlocked}. Any thread may call, each with an {@link ErrnoState} of its own.
 *
 * @param address where the function is
 */
public record SystemCall(long address) {
    /** Returns the function at {@code address}. */
    public static SystemCall at(long address) {
        return new SystemCall(address);
    }

    /** Returns the function {@code name} of the C library. */
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
        return Downcalls.systemCallInt(address, errno, a, b, c, d, e, f);
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
        return Downcalls.systemCall(address, errno, a, b, c, d, e, f);
    }

    /** Calls a function that returns {@code int} and may sleep, with {@code lock}, which the thread holds, given up. */
    public int callUnlocked(ErrnoState errno, NativeLock lock, long a, long b, long c, long d, long e, long f) {
        return Downcalls.systemCallUnlocked(address, errno, lock, a, b, c, d, e, f);
    }
}
