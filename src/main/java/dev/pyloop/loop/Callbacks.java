package dev.pyloop.loop;

/**
 * What the loop can do with a handle, which to it is an opaque number other than 0.
 *
 * <p>Handles are counted references: the holder of one releases it or passes it on. Called with the loop's lock held.
 */
public interface Callbacks {
    /**
     * Runs the callback unless it was cancelled, and releases the handle; or prepares the call, and leaves the rest to the
     * caller of {@link EventLoop#advance}.
     *
     * <p>May call back into the loop. An exception thrown leaves the loop with the remaining callbacks still queued.
     *
     * @return whether the callback is still to be called
     */
    boolean run(long handle);

    /**
     * All callbacks of an iteration have run. May call back into the loop, and may throw.
     *
     * @return whether the caller of {@link EventLoop#advance} is to call something, after which this is called again
     */
    boolean endIteration();

    /** Tells whether the callback was cancelled. Never calls back into the loop. */
    boolean isCancelled(long handle);

    /** Marks the callback as cancelled and drops what it refers to. */
    void cancel(long handle);

    /** Takes note that the timer is no longer in the heap. Never calls back into the loop. */
    void unschedule(long handle);

    /** Takes one more reference. */
    void retain(long handle);

    /** Gives one reference back. May call back into the loop. */
    void release(long handle);
}
