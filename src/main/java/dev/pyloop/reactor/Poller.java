package dev.pyloop.reactor;

/**
 * Waits for descriptors to become ready. Level-triggered: a descriptor is reported again as long as it stays ready.
 *
 * <p>It owns the descriptor it polls with, never those it watches. {@link #poll} and the event accessors belong to the
 * loop's thread; the other methods may run in another thread meanwhile, one at a time. Results follow the kernel's
 * convention: a negated errno on failure.
 */
public interface Poller extends AutoCloseable {
    /**
     * Starts watching {@code descriptor}.
     *
     * @param interest bits of {@link Interest}
     * @return 0 or the negated errno; EPERM for files that cannot be polled
     */
    int add(int descriptor, int interest);

    /**
     * Starts watching {@code descriptor} until it is reported for the first time. Then {@link #endOnce} must be called.
     *
     * @param interest bits of {@link Interest}
     * @return 0 or the negated errno, as of {@link #add}
     */
    int addOnce(int descriptor, int interest);

    /** Ends what {@link #addOnce} began, now that {@code descriptor} was reported; it is not watched any more. */
    void endOnce(int descriptor);

    /**
     * Changes what {@code descriptor} is watched for, from now on until it is removed. One that was closed behind the poller's back and is now another
     * file is watched anew.
     *
     * @return 0 or the negated errno
     */
    int modify(int descriptor, int interest);

    /** Stops watching {@code descriptor}. That it was closed meanwhile is no error. */
    void remove(int descriptor);

    /**
     * Waits for events.
     *
     * @param timeoutNanos nanoseconds to wait; 0 not to wait; negative without limit
     * @param watched the number of descriptors being watched, at least 1: so many events are taken at most
     * @return the number of events, or the negated errno (EINTR when a signal ended the wait)
     */
    int poll(long timeoutNanos, int watched);

    /** Returns the descriptor of event {@code index} of the last poll. */
    int descriptor(int index);

    /** Returns the {@link Interest} bits of event {@code index} of the last poll; errors and hang-ups set both. */
    int readiness(int index);

    @Override
    void close();
}
