package dev.pyloop.libc;

/**
 * The system calls that move bytes through a non-blocking descriptor. Each returns what the kernel returns, or the negated
 * errno.
 *
 * <p>An instance serves one thread at a time.
 */
public interface Transfers {
    /** Receives up to {@code size} bytes into {@code buffer}; 0 at the end of the stream. */
    long receive(int descriptor, long buffer, long size);

    /** Sends up to {@code size} bytes from {@code buffer}. */
    long send(int descriptor, long buffer, long size);

    /** Sends from {@code count} buffers, described by the array of {@link Iovec}s at {@code vector}. */
    long send(int descriptor, long vector, int count);
}
