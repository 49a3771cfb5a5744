package dev.pyloop.cpython;

import java.lang.invoke.MethodHandle;

/** {@code str}. Callers hold the GIL. */
public final class Strings {
    private static final MethodHandle COMPARE = Interpreter.function("PyUnicode_Compare", "(JJ)I");

    private Strings() {}

    /** Tells whether two strings have the same text. */
    public static boolean areEqual(@Borrowed long left, @Borrowed long right) {
        try {
            return (int) COMPARE.invokeExact(left, right) == 0;
        } catch (Throwable t) {
            throw Errors.propagate(t);
        }
    }
}
