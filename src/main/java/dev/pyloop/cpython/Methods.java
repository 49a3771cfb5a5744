package dev.pyloop.cpython;

/**
 * The methods of one Python type, told apart by their number.
 *
 * <p>One switch per type rather than one class per method: the JVM loads and links a handful of classes at start-up
 * instead of dozens. CPython has checked that {@code self} is an instance of the type before any of these is called.
 * Results are new references; a thrown exception becomes a Python exception. Called with the GIL held.
 */
public interface Methods {
    /** Calls a method declared by {@link TypeBuilder#keywords}. */
    default long call(int method, @Borrowed long self, long arguments, long count, @Borrowed long names) {
        throw new IllegalStateException("method " + method + " takes no keyword arguments");
    }

    /** Calls a method declared by {@link TypeBuilder#noArguments}. */
    default long call(int method, @Borrowed long self) {
        throw new IllegalStateException("method " + method + " takes arguments");
    }

    /** Calls a method declared by {@link TypeBuilder#oneArgument}. */
    default long call(int method, @Borrowed long self, @Borrowed long argument) {
        throw new IllegalStateException("method " + method + " does not take one argument");
    }
}
