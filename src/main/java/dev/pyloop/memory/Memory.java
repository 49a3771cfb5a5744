package dev.pyloop.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

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

    private Memory() {}

    /** Reads the 8 bytes at {@code address}. */
    public static long getLong(long address) {
        return ALL.get(ValueLayout.JAVA_LONG_UNALIGNED, address);
    }

    /** Writes the 8 bytes at {@code address}. */
    public static void putLong(long address, long value) {
        ALL.set(ValueLayout.JAVA_LONG_UNALIGNED, address, value);
    }

    /** Reads the 4 bytes at {@code address}. */
    public static int getInt(long address) {
        return ALL.get(ValueLayout.JAVA_INT_UNALIGNED, address);
    }

    /** Writes the 4 bytes at {@code address}. */
    public static void putInt(long address, int value) {
        ALL.set(ValueLayout.JAVA_INT_UNALIGNED, address, value);
    }

    /** Reads the byte at {@code address}. */
    public static byte getByte(long address) {
        return ALL.get(ValueLayout.JAVA_BYTE, address);
    }

    /** Writes the byte at {@code address}. */
    public static void putByte(long address, byte value) {
        ALL.set(ValueLayout.JAVA_BYTE, address, value);
    }

    /** Copies {@code size} bytes at {@code address} into a new array. */
    public static byte[] getBytes(long address, int size) {
        byte[] bytes = new byte[size];
        MemorySegment.copy(ALL, ValueLayout.JAVA_BYTE, address, bytes, 0, size);
        return bytes;
    }

    /** Reads the 8-byte floating-point number at {@code address}. */
    public static double getDouble(long address) {
        return ALL.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, address);
    }

    /** Writes the 8-byte floating-point number at {@code address}. */
    public static void putDouble(long address, double value) {
        ALL.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, address, value);
    }

    /** Reads the zero-terminated UTF-8 string at {@code address}. */
    public static String getString(long address) {
        return ALL.getString(address, StandardCharsets.UTF_8);
    }

    /** A view of {@code size} bytes at {@code address}, valid as long as the memory is. */
    static MemorySegment view(long address, long size) {
        return ALL.asSlice(address, size);
    }
}
