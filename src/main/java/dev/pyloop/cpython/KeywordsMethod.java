package dev.pyloop.cpython;

import dev.pyloop.memory.EntryPoint;

/**
 * A method with an entry point of its own, for what is called once a callback: a call through {@link Methods} takes two calls
 * more in Java.
 *
 * <p>What it throws becomes the interpreter's error indicator. Called with the GIL held.
 */
@FunctionalInterface
public interface KeywordsMethod extends EntryPoint {
    /**
     * Calls the method, as {@code PyCFunctionFastWithKeywords}.
     *
     * @param arguments address of the arguments' pointers: {@code count} positional ones, then those of the keywords
     * @param names tuple of the keywords, or {@link Objects#NULL}
     */
    @Override
    @Owned
    long call(@Borrowed long self, long arguments, long count, @Borrowed long names);

    @Override
    default long failed(Throwable thrown) {
        return Upcalls.raise(thrown);
    }
}
