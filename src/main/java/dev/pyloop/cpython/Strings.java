package dev.pyloop.cpython;

import dev.pyloop.memory.NativeFunction;

/** {@code str}. Callers hold the GIL. */
public final class Strings {
    private static final NativeFunction COMPARE = Interpreter.function("PyUnicode_Compare");

    private Strings() {}

    /** Tells whether two strings have the same text. */
    public static boolean areEqual(@Borrowed long left, @Borrowed long right) {
        return (int) COMPARE.call(left, right) == 0;
    }
}
