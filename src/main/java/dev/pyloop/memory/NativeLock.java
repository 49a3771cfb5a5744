package dev.pyloop.memory;

/**
 * A lock of the host's, which a thread gives up while a system call sleeps ({@link SystemCall#callUnlocked}).
 *
 * <p>Immutable; any thread may use it.
 *
 * @param release address of {@code void *release(void)}; 0 if there is no lock
 * @param acquire address of {@code void acquire(void *)}, which takes what {@code release} returned
 */
public record NativeLock(long release, long acquire) {
    /** For a host that has no lock. */
    public static final NativeLock NONE = new NativeLock(0, 0);
}
