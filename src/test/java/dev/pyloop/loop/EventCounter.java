package dev.pyloop.loop;

import dev.pyloop.memory.ErrnoState;
import dev.pyloop.memory.SystemCall;

/** Descriptors that can be written to, and read from too if their counter is not zero. */
final class EventCounter {
    private static final SystemCall EVENTFD = SystemCall.of("eventfd");
    private static final int NONBLOCKING = 0x800;

    private EventCounter() {}

    /** Opens one, which is the caller's to close. */
    static int open(int initial) {
        return EVENTFD.callInt(new ErrnoState(), initial, NONBLOCKING);
    }
}
