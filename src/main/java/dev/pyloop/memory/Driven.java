package dev.pyloop.memory;

/**
 * Java code that C calls and that has C make calls in between, so that no Java frame lies under them.
 *
 * <p>{@link EntryPoints#addressOf(Driven)} makes a C function of it: {@code long f(long, long, long, long)}. That calls
 * {@link #begin} with a {@linkplain CallRequest request} that holds its parameters, and then, as long as the request is not
 * empty, makes the call that is asked for and hands its result to {@link #resume}. What the last of the two answers is the
 * function's result.
 *
 * <p>The called code may move the C stack away in the middle of a call and back later, as greenlets do: C's frames stand
 * that, Java's would not. What is thrown does not leave Java: {@link #failed} answers in its place. Guarded by the GIL.
 */
public interface Driven {
    /** Begins. Fills the request, or leaves it empty and answers the result. */
    long begin(long request);

    /** Goes on after the call. Fills the request again, or {@linkplain CallRequest#clear clears} it and answers the result. */
    long resume(long result, long request);

    /** Answers a call of one of these that has thrown; the request is empty. Must not throw. */
    default long failed(Throwable thrown) {
        return 0;
    }
}
