package dev.pyloop.cpython;

import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeLinker;
import java.lang.invoke.MethodHandle;

/** {@code str}. Callers hold the GIL. */
public final class Strings {
    private static final MethodHandle COMPARE = Interpreter.function("PyUnicode_Compare", "(JJ)I");

    /** What only the addresses of datagrams need. */
    private static final class Text {
        static final long TYPE = Interpreter.symbol("PyUnicode_Type");
        static final MethodHandle AS_UTF8 = Interpreter.function("PyUnicode_AsUTF8AndSize", "(JJ)J");
        static final MethodHandle FROM_STRING = Interpreter.function("PyUnicode_FromString", "(J)J");
        static final MethodHandle CLEAR = Interpreter.function("PyErr_Clear", "()V");
    }

    private Strings() {}

    /** Tells whether two strings have the same text. */
    public static boolean areEqual(@Borrowed long left, @Borrowed long right) {
        try {
            return (int) COMPARE.invokeExact(left, right) == 0;
        } catch (Throwable t) {
            throw Errors.propagate(t);
        }
    }

    /** Tells whether {@code object} is exactly a string. */
    public static boolean isString(@Borrowed long object) {
        return Objects.type(object) == Text.TYPE;
    }

    /** Makes a string of the zero-terminated UTF-8 at {@code text}. */
    public static @Owned long fromUtf8(long text) {
        try {
            return Errors.check((long) Text.FROM_STRING.invokeExact(text));
        } catch (Throwable t) {
            throw Errors.propagate(t);
        }
    }

    /**
     * Returns where a string keeps its text as zero-terminated UTF-8, as long as it lives.
     *
     * @param size where its length in bytes is stored, in eight bytes
     * @return {@link Objects#NULL} for text that cannot be encoded or has a zero in it
     */
    public static long toUtf8(@Borrowed long string, long size) {
        try {
            long text = (long) Text.AS_UTF8.invokeExact(string, size);
            if (text == Objects.NULL) {
                Text.CLEAR.invokeExact();
                return Objects.NULL;
            }
            for (long i = 0; i < Memory.getLong(size); i++) {
                if (Memory.getByte(text + i) == 0) {
                    return Objects.NULL;
                }
            }
            return text;
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }
}
