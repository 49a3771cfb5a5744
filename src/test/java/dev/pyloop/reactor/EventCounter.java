package dev.pyloop.reactor;

import dev.pyloop.memory.ErrnoState;
import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.memory.SystemCall;
import java.nio.file.Path;

/** Descriptors that can be written to, and read from too if their counter is not zero; and what else tests ask the system for. */
public final class EventCounter {
    private static final SystemCall EVENTFD = SystemCall.of("eventfd");
    private static final SystemCall OPEN = SystemCall.of("open");
    private static final int NONBLOCKING = 0x800;

    private EventCounter() {}

    /** Opens one, which is the caller's to close. */
    public static int open(int initial) {
        return EVENTFD.callInt(new ErrnoState(), initial, NONBLOCKING);
    }

    /** Opens a file for reading; the descriptor is the caller's to close. */
    static int openFile(Path file) {
        return OPEN.callInt(new ErrnoState(), NativeBuffer.immortalString(file.toString()), 0, 0);
    }

    /** Reads or writes one byte. */
    static void transfer(String call, int descriptor) {
        try (NativeBuffer one = new NativeBuffer(1)) {
            long count = SystemCall.of(call).call(new ErrnoState(), descriptor, one.address(), 1);
            if (count != 1) {
                throw new AssertionError(call + " answered " + count);
            }
        }
    }
}
