package dev.pyloop.reactor;

import dev.pyloop.memory.NativeLock;

/**
 * Tells what has happened: descriptors that have become ready, operations that are over.
 *
 * <p>A back end of readiness, such as epoll, reports descriptors: level-triggered, so again as long as they stay ready. A back
 * end of completions, such as io_uring, can do that too, by operations that wait for readiness; and it reports the operations
 * that transports have begun with it, each with the handle that is to run. The loop treats both alike.
 *
 * <p>Owns the descriptor that it polls with, never those that it watches. {@link #poll}, {@link #sleep} and {@link #report}
 * belong to the loop's thread; the other methods may run in another thread meanwhile, one at a time. Results follow the
 * kernel's convention: a negated errno on failure.
 */
public interface Poller extends AutoCloseable {
    /** What is asked of a poller, in which it may fail. */
    enum Request {
        /** A descriptor to poll with: made with the poller, or by {@link #afterFork}. */
        OPEN,
        /** To watch a descriptor, or the self-pipe. */
        WATCH,
        /** To tell what has happened, or to sleep until something does. */
        WAIT
    }

    /** Hears what a poll has found. Called in the loop's thread, with its lock held; may change what is watched. */
    interface Events {
        /**
         * A descriptor is ready.
         *
         * @param readiness bits of {@link Interest}; errors and hang-ups set both
         */
        void ready(int descriptor, int readiness);

        /**
         * An operation is over. Its result is where who began it looks.
         *
         * @param handle what is to run, and is the loop's now
         */
        void completed(long handle);

        /** There is something to read in the self-pipe. */
        void signalled();

        /** Somebody has called {@link Poller#wake}. */
        void woken();
    }

    /** Returns the name of the system call that serves {@code request}, for the message of an exception. */
    String systemCall(Request request);

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
     * Changes what {@code descriptor} is watched for, from now on until it is removed. One that was closed behind the poller's
     * back, and is another file by now, is watched anew.
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
     * Tells {@code events} what the last poll has found, in the order in which it has found it.
     *
     * @param count what that poll has answered, which was not negative
     */
    void report(int count, Events events);

    /**
     * Reports {@link Events#signalled} when {@code reader} is readable, whoever has its number later, and is woken by
     * {@code writer} from now on. Both stay the caller's, who closes the poller before them.
     *
     * @return 0 or the negated errno
     */
    int useSelfPipe(int reader, int writer);

    /** Ends the sleep of now or, if there is none, lets the next poll report {@link Events#woken}. Any thread, without a lock. */
    void wake();

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
