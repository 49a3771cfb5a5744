package dev.pyloop.libc;

import dev.pyloop.memory.Memory;

/**
 * One buffer of a vectored call:
 *
 * <pre>
 *   struct iovec { void *iov_base; size_t iov_len; };      16 bytes
 * </pre>
 */
public final class Iovec {
    /** Bytes from one to the next. */
    public static final long SIZE = 16;

    private Iovec() {}

    /** Fills element {@code index} of the array at {@code vector}. */
    public static void set(long vector, int index, long base, long length) {
        Memory.putLong(vector + index * SIZE, base);
        Memory.putLong(vector + index * SIZE + Long.BYTES, length);
    }
}
