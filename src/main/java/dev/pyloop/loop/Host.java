package dev.pyloop.loop;

import dev.pyloop.memory.NativeLock;

/**
 * What the loop needs of the world it lives in.
 *
 * <p>The loop's state is guarded by one lock, the host's: CPython's GIL, or nothing in a test. The loop holds it all the
 * time but while it sleeps.
 */
public interface Host {
    /** Returns the loop's clock in seconds; monotonic. */
    double seconds();

    /** Returns the lock, which the loop gives up while it sleeps. */
    NativeLock lock();

    /**
     * The loop is about to sleep. May free memory, and run callbacks of the host by that.
     *
     * @return whether the caller of {@link EventLoop#advance} is first to handle the signals that came before, which would
     *     not wake the loop
     */
    boolean beforeSleep();

    /** Tells whether whatever is to wake the loop, which was prepared by {@link #beforeSleep}, is still in place. */
    boolean maySleep();

    /** The loop has slept, or does not sleep after all. Calls nobody. */
    void afterSleep();

    /**
     * Handles signals and lets other threads have the lock for a moment if they wait for it. Called once per poll, so
     * that a loop that never sleeps stays responsive.
     *
     * @return whether the caller of {@link EventLoop#advance} is still to do it
     */
    boolean breathe();
}
