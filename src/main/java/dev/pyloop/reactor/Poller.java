package dev.pyloop.reactor;

import dev.pyloop.memory.NativeLock;

/**
 * Waits for descriptors to become ready. Level-triggered: a descriptor is reported again as long as it stays ready.
 *
 * <p>It owns the descriptor it polls with, never those it watches. {@link #poll}, {@link #sleep} and the event accessors belong to the
 * loop's thread; the other methods may run in another thread meanwhile, one at a time. Results follow the kernel's
 * convention: a negated errno on failure.
 */
public interface Poller extends AutoCloseable {
    /** What {@link #descriptor} answers for an event that says nothing but that somebody called {@link #wake}. */
    int WOKEN = -1;

    /** What {@link #descriptor} answers when there is something to read in the self-pipe. */
    int SIGNALLED = -2;

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
     * Takes the events that are there.
     *
     * @param watched the number of descriptors being watched, beside those of {@link #useSelfPipe}
     * @return the number of events, or the negated errno
     */
    int poll(int watched);

    /**
     * Waits for events.
     *
     * @param timeoutNanos nanoseconds to wait, more than 0; negative without limit
     * @param watched as of {@link #poll}
     * @param lock what the calling thread holds, and gives up while it waits
     * @return the number of events, or the negated errno (EINTR when a signal ended the wait)
     */
    int sleep(long timeoutNanos, int watched, NativeLock lock);

    /**
     * Reports {@link #SIGNALLED} when {@code reader} is readable, whoever has its number later, and is woken by
     * {@code writer} from now on. Both stay the caller's, who closes the poller before them.
     *
     * @return 0 or the negated errno
     */
    int useSelfPipe(int reader, int writer);

    /** Ends the sleep of now or, if there is none, lets the next poll report {@link #WOKEN}. Any thread, without a lock. */
    void wake();

    /** Returns the descriptor of event {@code index} of the last poll, {@link #WOKEN} or {@link #SIGNALLED}. */
    int descriptor(int index);

    /** Returns the {@link Interest} bits of event {@code index} of the last poll; errors and hang-ups set both. */
    int readiness(int index);

    /**
     * Takes a new descriptor to poll with, in the child of a fork, which shares the old one with its parent. It watches
     * nothing yet.
     *
     * @return 0 or the negated errno, which leaves the poller as it was
     */
    int afterFork();

    @Override
    void close();
}
