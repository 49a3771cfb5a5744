package dev.pyloop.loop;

import dev.pyloop.hint.Inlined;

/**
 * When an iteration that has callbacks ready polls all the same.
 *
 * <p>asyncio polls in every iteration. While the program watches descriptors, so does PyLoop, and readiness is seen in
 * exactly the iteration asyncio sees it. While it watches none, only a signal could be waiting (calls from other threads
 * are queued without a poll), and a system call per iteration would triple the cost of a chain of
 * {@code call_soon}. Then it polls when {@value #MAX_CALLBACKS} callbacks have run or {@value #MAX_NANOS} ns have passed
 * since the last poll; the clock is read every {@value #CALLBACKS_BETWEEN_CLOCK_READINGS} callbacks.
 */
final class PollPolicy {
    /** Callbacks that may run between two polls while the program watches no descriptor. */
    static final int MAX_CALLBACKS = 128;

    /** Time that may pass between two polls then, if the callbacks take long. */
    static final long MAX_NANOS = 100_000;

    /** Reading the clock costs about as much as running a callback that does nothing. */
    static final int CALLBACKS_BETWEEN_CLOCK_READINGS = 8;

    private int sincePoll;
    private int nextClockReading;
    private long lastPoll;

    /** Makes the next iteration poll. */
    void pollNext() {
        sincePoll = MAX_CALLBACKS;
    }

    /** Tells whether this iteration, which has callbacks ready, must poll. */
    @Inlined
    boolean mustPoll(int watchedByProgram) {
        if (watchedByProgram > 0 || sincePoll >= MAX_CALLBACKS) {
            return true;
        }
        if (sincePoll < nextClockReading) {
            return false;
        }
        nextClockReading = sincePoll + CALLBACKS_BETWEEN_CLOCK_READINGS;
        return System.nanoTime() - lastPoll >= MAX_NANOS;
    }

    /** Takes note of a poll and its time in nanoseconds; one that is too old polls early. */
    void polled(long now) {
        sincePoll = 0;
        nextClockReading = CALLBACKS_BETWEEN_CLOCK_READINGS;
        lastPoll = now;
    }

    /** Takes note that {@code count} callbacks are about to run. */
    @Inlined
    void running(int count) {
        sincePoll += count;
    }
}
