package dev.pyloop.memory;

/**
 * Java code that C calls, through a pointer that {@link EntryPoints} makes.
 *
 * <p>A C function of fewer parameters leaves the last ones undefined, and a caller that expects an {@code int} cuts the
 * result. What {@link #call} throws does not leave Java, which would end the process: {@link #failed} answers in its place.
 * Any thread may call.
 */
@FunctionalInterface
public interface EntryPoint {
    /** Answers one call from C. */
    long call(long a, long b, long c, long d);

    /** Answers a call that has thrown. Must not throw. */
    default long failed(Throwable thrown) {
        return 0;
    }

    /** Tells whether the caller knows no failure, so that {@link #call} must be reached even where stack runs out. */
    default boolean isInfallible() {
        return false;
    }
}
