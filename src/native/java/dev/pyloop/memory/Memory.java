package dev.pyloop.memory;

import com.oracle.svm.core.heap.Heap;
import org.graalvm.nativeimage.UnmanagedMemory;
import org.graalvm.word.Pointer;
import org.graalvm.word.WordFactory;

/**
 * Reads and writes at absolute addresses of this process.
 *
 * <p>Nothing is checked: an address must come from native code or from {@link NativeBuffer}, be aligned to the size
 * accessed, and stay valid for the call. Any thread may use it; the caller provides the ordering (the GIL, for Python
 * objects).
 */
public final class Memory {
    private Memory() {}

    /** Reads the 8 bytes at {@code address}. */
    public static long getLong(long address) {
        return pointer(address).readLong(0);
    }

    /** Writes the 8 bytes at {@code address}. */
    public static void putLong(long address, long value) {
        pointer(address).writeLong(0, value);
    }

    /** Reads the 4 bytes at {@code address}. */
    public static int getInt(long address) {
        return pointer(address).readInt(0);
    }

    /** Writes the 4 bytes at {@code address}. */
    public static void putInt(long address, int value) {
        pointer(address).writeInt(0, value);
    }

    /** Reads the byte at {@code address}. */
    public static byte getByte(long address) {
        return pointer(address).readByte(0);
    }

    /** Writes the byte at {@code address}. */
    public static void putByte(long address, byte value) {
        pointer(address).writeByte(0, value);
    }

    /** Copies {@code size} bytes at {@code address} into a new array. */
    public static byte[] getBytes(long address, int size) {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = pointer(address).readByte(i);
        }
        return bytes;
    }

    /** Reads the 8-byte floating-point number at {@code address}. */
    public static double getDouble(long address) {
        return pointer(address).readDouble(0);
    }

    /** Writes the 8-byte floating-point number at {@code address}. */
    public static void putDouble(long address, double value) {
        pointer(address).writeDouble(0, value);
    }

    /** Copies an array to {@code address}. */
    public static void putBytes(long address, byte[] bytes) {
        for (int i = 0; i < bytes.length; i++) {
            pointer(address).writeByte(i, bytes[i]);
        }
    }

    /** Has the references to unreachable objects put into their queues: the runtime has no thread that would do it. */
    static void queueUnreachable() {
        Heap.getHeap().doReferenceHandling();
    }

    /** Allocates {@code size} zeroed bytes that live as long as the process, for what is needed before anything else. */
    static long allocateForever(long size) {
        return UnmanagedMemory.calloc(WordFactory.unsigned(size)).rawValue();
    }

    private static Pointer pointer(long address) {
        return WordFactory.pointer(address);
    }
}
