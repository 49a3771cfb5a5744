package dev.pyloop.memory;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * A C function that takes pointers and integers and returns one, or nothing.
 *
 * <p>All are called as {@code long f(long, long, long, long)}. On the platforms PyLoop knows (System V x86-64
 * and AArch64), the first six integer arguments travel in registers of their own: a function does not look at those it has
 * no parameter for, takes the low half of one for an {@code int}, and may have an ellipsis. So every function shares one
 * stub, whose linking is what start-up pays most for. The result of a function that returns {@code int} is to be cast: its
 * upper half is undefined; that of one that returns nothing is to be ignored. Floating-point numbers travel elsewhere:
 * {@link NativeLinker#function}.
 *
 * <p>A record, because the compilers take the fields of constant records, and so the whole call, for constant. What is
 * called may block, call back into Java or run Python code. Any thread may call.
 */
public record NativeFunction(MemorySegment address) {
    /** Calls through any pointer: it takes the address before the four arguments. Not bound: that would be linked too. */
    private static final MethodHandle POINTER = NativeLinker.uniform();

    /** Links the function at {@code address}. */
    public static NativeFunction at(long address) {
        return new NativeFunction(MemorySegment.ofAddress(address));
    }

    /** Calls the function at {@code address} with two arguments. */
    public static long callAt(long address, long a, long b) {
        try {
            return (long) POINTER.invokeExact(MemorySegment.ofAddress(address), a, b, 0L, 0L);
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /** Calls the function. */
    public long call() {
        return call(0, 0, 0, 0);
    }

    /** Calls the function. */
    public long call(long a) {
        return call(a, 0, 0, 0);
    }

    /** Calls the function. */
    public long call(long a, long b) {
        return call(a, b, 0, 0);
    }

    /** Calls the function. */
    public long call(long a, long b, long c) {
        return call(a, b, c, 0);
    }

    /** Calls the function. */
    public long call(long a, long b, long c, long d) {
        try {
            return (long) POINTER.invokeExact(address, a, b, c, d);
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }
}
