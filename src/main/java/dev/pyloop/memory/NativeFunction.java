package dev.pyloop.memory;

import dev.pyloop.hint.Inlined;

/**
 * A C function that takes pointers and integers and returns one, or nothing.
 *
 * <p>All are called as {@code long f(long, long, long, long)}. On the platforms PyLoop knows (System V x86-64
 * and AArch64), the first six integer arguments travel in registers of their own: a function does not look at those it has
 * no parameter for, takes the low half of one for an {@code int}, and may have an ellipsis. So every function shares one
 * way of calling. The result of a function that returns {@code int} is to be cast: its upper half is undefined; that of one
 * that returns nothing is to be ignored. Floating-point numbers travel elsewhere: {@link #callDouble}.
 *
 * <p>A record, because the compilers take the fields of constant records, and so the whole call, for constant. What is
 * called may block, call back into Java or run Python code. Any thread may call.
 *
 * @param address where the function is
 */
public record NativeFunction(long address) {
    /** Returns the function at {@code address}. */
    public static NativeFunction at(long address) {
        return new NativeFunction(address);
    }

    /** Calls the function at {@code address} with two arguments. */
    public static long callAt(long address, long a, long b) {
        return Downcalls.call(address, a, b, 0, 0);
    }

    /** Calls the function. */
    @Inlined
    public long call() {
        return call(0, 0, 0, 0);
    }

    /** Calls the function. */
    @Inlined
    public long call(long a) {
        return call(a, 0, 0, 0);
    }

    /** Calls the function. */
    @Inlined
    public long call(long a, long b) {
        return call(a, b, 0, 0);
    }

    /** Calls the function. */
    @Inlined
    public long call(long a, long b, long c) {
        return call(a, b, c, 0);
    }

    /** Calls the function. */
    @Inlined
    public long call(long a, long b, long c, long d) {
        return Downcalls.call(address, a, b, c, d);
    }

    /** Calls the function with five arguments. */
    @Inlined
    public long call(long a, long b, long c, long d, long e) {
        return Downcalls.call(address, a, b, c, d, e);
    }

    /** Calls a function that neither runs Python code, nor blocks, nor raises: of those, this is the cheapest call. */
    public long callLeaf() {
        return Downcalls.callLeaf(address, 0, 0);
    }

    /** Calls such a function. */
    public long callLeaf(long a, long b) {
        return Downcalls.callLeaf(address, a, b);
    }

    /** Calls a function that takes a pointer and returns a {@code double}. */
    public double callDouble(long a) {
        return Downcalls.callDouble(address, a);
    }
}
