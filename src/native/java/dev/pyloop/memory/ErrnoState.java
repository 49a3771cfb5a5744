package dev.pyloop.memory;

/**
 * The place where a system call leaves errno ({@link SystemCall}): none here, for {@link Downcalls} brings errno back in
 * the result.
 */
public final class ErrnoState {
    /** Makes what a system call is given. */
    public ErrnoState() {}
}
