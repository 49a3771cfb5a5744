package dev.pyloop.loop;

/**
 * What the loop needs of the world it lives in.
 *
 * <p>The loop's state is guarded by one lock, the host's: CPython's GIL, or nothing in a test. The loop holds it all the
 * time but while it sleeps.
 */
public interface Host {
    /** Returns the loop's clock in seconds; monotonic. */
    double seconds();

    /** Gives up the lock before the loop sleeps. */
    void unlock();

    /** Takes the lock again after the loop slept. */
    void lock();

    /**
     * Handles signals and lets other threads have the lock for a moment if they wait for it. Called once per poll, so
     * that a loop that never sleeps stays responsive; may run callbacks of the host and may throw.
     */
    void breathe();
}
