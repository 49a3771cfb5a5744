package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Bytes;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.References;
import dev.pyloop.hint.Inlined;

/**
 * Where the connections or the pipes of a loop receive, one at a time.
 *
 * <p>The buffer is a Python {@code bytes} that nobody else has seen. When a peer sends in bulk and fills it, it is given
 * away as it is; otherwise what was received is copied into an object of the right size, and the buffer stays. A
 * caller that knows how much there is to receive can {@linkplain #expect announce it}: an object of that size saves the copy.
 * Guarded by the GIL; the loop's thread only.
 */
public final class ReadBuffer implements AutoCloseable {
    /** From this size on, a copy takes longer than asking the system how much there is. */
    private static final int LARGE = 32 * 1024;

    private final int capacity;
    private @Owned long spare = Objects.NULL;
    /** What is received into in place of {@link #spare}, of {@link #expected} bytes. */
    private @Owned long exact = Objects.NULL;

    private int expected;
    private boolean lastWasLarge;

    /** Makes a buffer into which {@code capacity} bytes are received at a time. */
    ReadBuffer(int capacity) {
        this.capacity = capacity;
    }

    /** Tells whether it may pay off to find out how much there is to receive. */
    @Inlined
    public boolean mayExpectMuch() {
        return lastWasLarge;
    }

    /** Prepares for {@code available} bytes, which is only of use if they are many. */
    public void expect(int available) {
        dropExact();
        if (available >= LARGE && available < capacity) {
            exact = Bytes.allocate(available);
            expected = available;
        }
    }

    /** Returns how many bytes there is room for. */
    @Inlined
    public int capacity() {
        return exact == Objects.NULL ? capacity : expected;
    }

    /** Returns the address of {@link #capacity} bytes of room. */
    @Inlined
    public long address() {
        if (exact != Objects.NULL) {
            return Bytes.address(exact);
        }
        if (spare == Objects.NULL) {
            spare = Bytes.allocate(capacity);
        }
        return Bytes.address(spare);
    }

    /** Returns the first {@code size} bytes, now that they were received. */
    @Owned
    public long take(int size) {
        lastWasLarge = size >= LARGE;
        return exact == Objects.NULL ? takeSpare(size) : takeExact(size);
    }

    private @Owned long takeSpare(int size) {
        @Borrowed long full = spare;
        if (size == capacity) {
            spare = Objects.NULL;
            return full;
        }
        return Bytes.copyOf(Bytes.address(full), size);
    }

    private @Owned long takeExact(int size) {
        @Owned long full = exact;
        if (size == expected) {
            exact = Objects.NULL;
            return full;
        }
        // Another reader has received from the socket too.
        long data = Bytes.copyOf(Bytes.address(full), size);
        dropExact();
        return data;
    }

    private void dropExact() {
        References.releaseUnlessNull(exact);
        exact = Objects.NULL;
    }

    /** Frees the memory; to receive again allocates it anew. */
    @Override
    public void close() {
        References.releaseUnlessNull(spare);
        spare = Objects.NULL;
        dropExact();
    }
}
