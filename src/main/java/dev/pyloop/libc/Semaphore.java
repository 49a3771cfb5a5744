package dev.pyloop.libc;

import dev.pyloop.memory.ErrnoState;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.memory.NativeLock;
import dev.pyloop.memory.SystemCall;

/**
 * A POSIX semaphore between the threads of this process, whose waiting gives up the host's lock.
 *
 * <p>Owned by its maker. All methods are called with the host's lock held, {@link #close()} when nobody waits.
 */
public final class Semaphore implements AutoCloseable {
    /** {@code sizeof(sem_t)} on 64-bit Linux. */
    private static final long SIZE = 32;
    /** {@code struct timespec { time_t tv_sec; long tv_nsec; }}. */
    private static final long TIMESPEC_SIZE = 16;

    private static final long MILLIS_PER_SECOND = 1_000;
    private static final long NANOS_PER_MILLI = 1_000_000;

    private static final SystemCall INIT = SystemCall.of("sem_init");
    private static final SystemCall POST = SystemCall.of("sem_post");
    private static final SystemCall TIMEDWAIT = SystemCall.of("sem_timedwait");
    private static final SystemCall DESTROY = SystemCall.of("sem_destroy");

    private final NativeBuffer memory = new NativeBuffer(SIZE);

    /** Makes a semaphore whose value is 0. */
    public Semaphore() {
        INIT.callInt(new ErrnoState(), memory.address(), 0, 0);
    }

    /** Raises the value by one, which ends one thread's waiting. */
    public void post() {
        POST.callInt(new ErrnoState(), memory.address());
    }

    /** Waits until the value is above 0 and lowers it by one; or until about {@code millis} have passed, or a signal. */
    public void await(NativeLock lock, long millis) {
        try (NativeBuffer deadline = new NativeBuffer(TIMESPEC_SIZE)) {
            // The one clock that every C library has this call for; where it jumps, the wait is longer or shorter.
            long end = System.currentTimeMillis() + millis;
            Memory.putLong(deadline.address(), end / MILLIS_PER_SECOND);
            Memory.putLong(deadline.address() + Long.BYTES, end % MILLIS_PER_SECOND * NANOS_PER_MILLI);
            TIMEDWAIT.callUnlocked(new ErrnoState(), lock, memory.address(), deadline.address(), 0, 0, 0, 0);
        }
    }

    @Override
    public void close() {
        DESTROY.callInt(new ErrnoState(), memory.address());
        memory.close();
    }
}
