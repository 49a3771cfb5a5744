package dev.pyloop.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A zeroed block of native memory that lives as long as this object, and is freed by the Java garbage collector after it.
 *
 * <p>For what has no end that anybody would notice; where there is one, {@link NativeBuffer} gives memory back at once.
 */
public final class ScratchBuffer {
    private static final long ALIGNMENT = 16;

    private final MemorySegment segment;
    private final long address;

    /** Allocates {@code size} bytes, zeroed and aligned to 16. */
    public ScratchBuffer(long size) {
        segment = Arena.ofAuto().allocate(size, ALIGNMENT);
        address = segment.address();
    }

    /** Returns the address of the first byte. The caller keeps this object reachable while it uses the memory. */
    public long address() {
        return address;
    }

    /** Returns the number of bytes. */
    public long size() {
        return segment.byteSize();
    }
}
