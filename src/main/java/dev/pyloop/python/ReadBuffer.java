package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Bytes;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;

/**
 * Where the connections or the pipes of a loop receive, one at a time.
 *
 * <p>The buffer is a Python {@code bytes} that nobody else has seen. When a peer sends in bulk and fills it, it is given
 * away as it is; otherwise what was received is copied into an object of the right size, and the buffer stays. Guarded by
 * the GIL; the loop's thread only.
 */
final class ReadBuffer implements AutoCloseable {
    private final int capacity;
    private @Owned long spare = Objects.NULL;

    /** Makes a buffer into which {@code capacity} bytes are received at a time. */
    ReadBuffer(int capacity) {
        this.capacity = capacity;
    }

    int capacity() {
        return capacity;
    }

    /** Returns the address of {@link #capacity} bytes of room. */
    long address() {
        if (spare == Objects.NULL) {
            spare = Bytes.allocate(capacity);
        }
        return Bytes.address(spare);
    }

    /** Returns the first {@code size} bytes, now that they were received. */
    @Owned
    long take(int size) {
        @Borrowed long full = spare;
        if (size == capacity) {
            spare = Objects.NULL;
            return full;
        }
        return Bytes.copyOf(Bytes.address(full), size);
    }

    /** Frees the memory; to receive again allocates it anew. */
    @Override
    public void close() {
        References.releaseUnlessNull(spare);
        spare = Objects.NULL;
    }
}
