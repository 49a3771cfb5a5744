package dev.pyloop.memory;

import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.HashSet;
import java.util.Set;

/**
 * A zeroed block of native memory that lives as long as this object.
 *
 * <p>For what has no end that anybody would notice; where there is one, {@link NativeBuffer} gives memory back at once. The
 * blocks of objects that the Java garbage collector has found unreachable are freed when the next one is made: that needs
 * no thread. Any thread may make one.
 */
public final class ScratchBuffer {
    /** Blocks whose objects are unreachable. */
    private static final ReferenceQueue<ScratchBuffer> UNREACHABLE = new ReferenceQueue<>();
    /** All blocks, for a reference that is unreachable itself is never queued. Guarded by this class's lock. */
    private static final Set<Block> BLOCKS = new HashSet<>();

    private final long address;
    private final long size;

    /** Allocates {@code size} bytes, zeroed and aligned to 16. */
    public ScratchBuffer(long size) {
        this.size = size;
        address = NativeBuffer.allocate(size);
        track(this);
    }

    /** Returns the address of the first byte. The caller keeps this object reachable while it uses the memory. */
    public long address() {
        return address;
    }

    /** Returns the number of bytes. */
    public long size() {
        return size;
    }

    private static synchronized void track(ScratchBuffer buffer) {
        BLOCKS.add(new Block(buffer));
        Memory.queueUnreachable();
        while (UNREACHABLE.poll() instanceof Block block) {
            BLOCKS.remove(block);
            NativeBuffer.free(block.address);
        }
    }

    private static final class Block extends PhantomReference<ScratchBuffer> {
        private final long address;

        Block(ScratchBuffer buffer) {
            super(buffer, UNREACHABLE);
            address = buffer.address;
        }
    }
}
