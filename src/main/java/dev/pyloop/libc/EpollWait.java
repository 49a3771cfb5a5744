package dev.pyloop.libc;

import dev.pyloop.memory.ErrnoState;
import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.memory.NativeLock;
import dev.pyloop.memory.NativeSymbols;
import dev.pyloop.memory.SystemCall;

/**
 * Waits on an epoll descriptor with nanosecond precision where the system offers it.
 *
 * <p>{@code epoll_pwait2} (Linux 5.11, glibc 2.35) takes a timespec; without it {@code epoll_wait} waits whole
 * milliseconds, rounded up as asyncio does, so that no timer is polled for before it is due. One instance serves one
 * thread at a time.
 */
public final class EpollWait implements AutoCloseable {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final long NANOS_PER_MILLI = 1_000_000L;
    private static final int WITHOUT_LIMIT = -1;
    /** {@code struct timespec { time_t tv_sec; long tv_nsec; }}. */
    private static final long TIMESPEC_SIZE = 16;

    private static final SystemCall EPOLL_WAIT = SystemCall.of("epoll_wait");
    private static final long PWAIT2_ADDRESS = NativeSymbols.optionalLibc("epoll_pwait2");

    /** Linked on the first wait with a deadline: most start-ups never need it. */
    private static final class Pwait2 {
        static final SystemCall EPOLL_PWAIT2 = SystemCall.at(PWAIT2_ADDRESS);
    }

    private final ErrnoState state = new ErrnoState();
    private final NativeBuffer timespec = new NativeBuffer(TIMESPEC_SIZE);
    private boolean precise;

    /** Waits as precisely as the system can. */
    public EpollWait() {
        this(true);
    }

    /** Waits whole milliseconds, as on a system without {@code epoll_pwait2}, unless {@code precise} and the system can. */
    public EpollWait(boolean precise) {
        this.precise = precise && PWAIT2_ADDRESS != 0;
    }

    /**
     * Takes the events that are there.
     *
     * @param events address of an array of {@code capacity} {@link EpollEvent}s
     * @return the number of events, or the negated errno
     */
    public int poll(int epoll, long events, int capacity) {
        return EPOLL_WAIT.callInt(state, epoll, events, capacity, 0);
    }

    /**
     * Waits until an event, a signal or the time-out.
     *
     * @param events address of an array of {@code capacity} {@link EpollEvent}s
     * @param timeoutNanos nanoseconds to wait, more than 0; negative without limit
     * @param lock what the calling thread holds, and gives up while it waits
     * @return the number of events, or the negated errno
     */
    public int await(int epoll, long events, int capacity, long timeoutNanos, NativeLock lock) {
        if (timeoutNanos > 0 && precise) {
            int count = awaitPrecisely(epoll, events, capacity, timeoutNanos, lock);
            if (count != -Errno.ENOSYS && count != -Errno.EPERM) {
                return count;
            }
            // An older kernel, or a filter of a container's that does not know the call.
            precise = false;
        }
        return EPOLL_WAIT.callUnlocked(state, lock, epoll, events, capacity, millis(timeoutNanos), 0, 0);
    }

    private int awaitPrecisely(int epoll, long events, int capacity, long timeoutNanos, NativeLock lock) {
        Memory.putLong(timespec.address(), timeoutNanos / NANOS_PER_SECOND);
        Memory.putLong(timespec.address() + Long.BYTES, timeoutNanos % NANOS_PER_SECOND);
        return Pwait2.EPOLL_PWAIT2.callUnlocked(state, lock, epoll, events, capacity, timespec.address(), 0, 0);
    }

    private static int millis(long timeoutNanos) {
        if (timeoutNanos < 0) {
            return WITHOUT_LIMIT;
        }
        return (int) Math.min(Math.ceilDiv(timeoutNanos, NANOS_PER_MILLI), Integer.MAX_VALUE);
    }

    @Override
    public void close() {
        timespec.close();
    }
}
