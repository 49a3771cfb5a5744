package dev.pyloop.loop;

/**
 * When an iteration that has callbacks ready polls all the same.
 *
 * <p>asyncio polls in every iteration. While the program watches descriptors, so does PyLoop, and readiness is seen in
 * exactly the iteration asyncio sees it. While it watches none, only a signal could be waiting (calls from other threads
 * arrive in the inbox, without a poll), and a system call per iteration would triple the cost of a chain of
 * {@code call_soon}: then every {@value #MAX_CALLBACKS_BETWEEN_POLLS} callbacks are enough.
 */
final class PollPolicy {
    /** Callbacks that may run between two polls while the program watches no descriptor. */
    static final int MAX_CALLBACKS_BETWEEN_POLLS = 32;

    private int sincePoll = MAX_CALLBACKS_BETWEEN_POLLS;

    /** Makes the next iteration poll. */
    void pollNext() {
        sincePoll = MAX_CALLBACKS_BETWEEN_POLLS;
    }

    /** Tells whether this iteration, which has callbacks ready, must poll. */
    boolean mustPoll(int watchedByProgram) {
        return watchedByProgram > 0 || sincePoll >= MAX_CALLBACKS_BETWEEN_POLLS;
    }

    /** Takes note of a poll. */
    void polled() {
        sincePoll = 0;
    }

    /** Takes note that {@code count} callbacks are about to run. */
    void running(int count) {
        sincePoll += count;
    }
}
