package dev.pyloop.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * Reads and writes at absolute addresses of this process.
 *
 * <p>Nothing is checked: an address must come from native code or from {@link NativeBuffer}, be aligned to the size
 * accessed, and stay valid for the call. Any thread may use it; the caller provides the ordering (the GIL, for Python
 * objects).
 */
@SuppressWarnings("restricted")
public final class Memory {
    /** The whole address space, so that a plain {@code long} serves as a pointer and no segment is made on hot paths. */
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    // What the methods of a segment look up each time: until they are compiled, that would be a quarter of an access.
    private static final VarHandle BYTE = ValueLayout.JAVA_BYTE.varHandle();
    private static final VarHandle INT = ValueLayout.JAVA_INT_UNALIGNED.varHandle();
    private static final VarHandle LONG = ValueLayout.JAVA_LONG_UNALIGNED.varHandle();
    private static final VarHandle DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED.varHandle();

    private Memory() {}

    /** Reads the 8 bytes at {@code address}. */
    public static long getLong(long address) {
        return (long) LONG.get(ALL, address);
    }

    /** Writes the 8 bytes at {@code address}. */
    public static void putLong(long address, long value) {
        LONG.set(ALL, address, value);
    }

    /** Reads the 4 bytes at {@code address}. */
    public static int getInt(long address) {
        return (int) INT.get(ALL, address);
    }

    /** Writes the 4 bytes at {@code address}. */
    public static void putInt(long address, int value) {
        INT.set(ALL, address, value);
    }

    /** Reads the byte at {@code address}. */
    public static byte getByte(long address) {
        return (byte) BYTE.get(ALL, address);
    }

    /** Writes the byte at {@code address}. */
    public static void putByte(long address, byte value) {
        BYTE.set(ALL, address, value);
    }

    /** Copies {@code size} bytes at {@code address} into a new array. */
    public static byte[] getBytes(long address, int size) {
        byte[] bytes = new byte[size];
        MemorySegment.copy(ALL, ValueLayout.JAVA_BYTE, address, bytes, 0, size);
        return bytes;
    }

    /** Reads the 8-byte floating-point number at {@code address}. */
    public static double getDouble(long address) {
        return (double) DOUBLE.get(ALL, address);
    }

    /** Writes the 8-byte floating-point number at {@code address}. */
    public static void putDouble(long address, double value) {
        DOUBLE.set(ALL, address, value);
    }

    /** Copies an array to {@code address}. */
    public static void putBytes(long address, byte[] bytes) {
        MemorySegment.copy(bytes, 0, ALL, ValueLayout.JAVA_BYTE, address, bytes.length);
    }

    /** Has the references to unreachable objects put into their queues; a JVM does so by itself. */
    static void queueUnreachable() {}

    /** Allocates {@code size} zeroed bytes that live as long as the process, for what is needed before anything else. */
    static long allocateForever(long size) {
        return Arena.global().allocate(size, Long.BYTES).address();
    }
}
