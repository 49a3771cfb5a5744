package dev.pyloop.cpython;

import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeFunction;

/** {@code str}. Callers hold the GIL. */
public final class Strings {
    private static final NativeFunction COMPARE = Interpreter.function("PyUnicode_Compare");

    /** What only the addresses of datagrams need. */
    private static final class Text {
        static final long TYPE = Interpreter.symbol("PyUnicode_Type");
        static final NativeFunction AS_UTF8 = Interpreter.function("PyUnicode_AsUTF8AndSize");
        static final NativeFunction FROM_STRING = Interpreter.function("PyUnicode_FromString");
        static final NativeFunction CLEAR = Interpreter.function("PyErr_Clear");
    }

    private Strings() {}

    /** Tells whether two strings have the same text. */
    public static boolean areEqual(@Borrowed long left, @Borrowed long right) {
        return (int) COMPARE.call(left, right) == 0;
    }

    /** Tells whether {@code object} is exactly a string. */
    public static boolean isString(@Borrowed long object) {
        return Objects.type(object) == Text.TYPE;
    }

    /** Makes a string of the zero-terminated UTF-8 at {@code text}. */
    public static @Owned long fromUtf8(long text) {
        return Errors.check(Text.FROM_STRING.call(text));
    }

    /**
     * Returns where a string keeps its text as zero-terminated UTF-8, as long as it lives.
     *
     * @param size where its length in bytes is stored, in eight bytes
     * @return {@link Objects#NULL} for text that cannot be encoded or has a zero in it
     */
    public static long toUtf8(@Borrowed long string, long size) {
        long text = Text.AS_UTF8.call(string, size);
        if (text == Objects.NULL) {
            Text.CLEAR.call();
            return Objects.NULL;
        }
        for (long i = 0; i < Memory.getLong(size); i++) {
            if (Memory.getByte(text + i) == 0) {
                return Objects.NULL;
            }
        }
        return text;
    }
}
