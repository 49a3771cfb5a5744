package dev.pyloop.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The place where a system call leaves errno ({@link SystemCall}).
 *
 * <p>One instance serves one thread at a time: two threads sharing it would read each other's errno.
 */
public final class ErrnoState {
    private static final long ERRNO_OFFSET =
            NativeLinker.errnoLayout().byteOffset(MemoryLayout.PathElement.groupElement("errno"));

    private final MemorySegment segment = Arena.ofAuto().allocate(NativeLinker.errnoLayout());

    /** Returns the first argument of the next system call. */
    MemorySegment segment() {
        return segment;
    }

    /** Returns what a call returned, or the negated errno if that says that it failed. */
    int result(int returned) {
        return returned >= 0 ? returned : -errno();
    }

    /** Returns what a call returned, or the negated errno if that says that it failed. */
    long result(long returned) {
        return returned >= 0 ? returned : -errno();
    }

    private int errno() {
        return segment.get(ValueLayout.JAVA_INT, ERRNO_OFFSET);
    }
}
