package dev.pyloop.python.loop;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Strings;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.hint.Inlined;
import dev.pyloop.memory.Memory;
import dev.pyloop.python.names.LoopFunctions;
import dev.pyloop.python.names.Names;

/**
 * Arguments as vectorcall passes them: {@code count} positional ones, then the values of the keywords in {@code names}.
 *
 * <p>What is not usual is left to asyncio's Python code, whose TypeErrors Python users know. Guarded by the GIL.
 */
public final class Arguments {
    /**
     * The last tuple of keywords found to be {@code ("context",)} without holding the interned string, kept alive. That of
     * the C tasks and futures is such a one.
     */
    private static long contextNames = Objects.NULL;

    private Arguments() {}

    /** Tells whether there are {@code required} positional arguments or more, and no keyword but {@code context}. */
    @Inlined
    static boolean areUsual(int required, long count, @Borrowed long names) {
        return count >= required && (names == Objects.NULL || names == contextNames || isContextAlone(names));
    }

    private static boolean isContextAlone(long names) {
        if (Tuples.size(names) != 1) {
            return false;
        }
        long name = Tuples.get(names, 0);
        if (name == Names.CONTEXT) {
            return true;
        }
        if (!Strings.areEqual(name, Names.CONTEXT)) {
            return false;
        }
        long previous = contextNames;
        contextNames = References.retain(names);
        References.releaseUnlessNull(previous);
        return true;
    }

    /** Returns the context of the keyword, NULL if there is none other than {@code None}: a copy of the current one is meant. */
    @Inlined
    static @Borrowed long context(long arguments, long count, @Borrowed long names) {
        if (names == Objects.NULL) {
            return Objects.NULL;
        }
        long context = Memory.getLong(arguments + count * Long.BYTES);
        return context == Objects.NONE ? Objects.NULL : context;
    }

    /**
     * Returns the descriptor that {@code file} is or has; ValueError where asyncio's selectors raise it. It may be too
     * large for any descriptor there can be: see {@link #isPossible}.
     */
    static long descriptor(@Borrowed long self, @Borrowed long file) {
        if (Numbers.isInteger(file)) {
            return checked(Numbers.toLongSaturated(file));
        }
        long number = LoopFunctions.descriptorOf(self, file);
        try {
            return checked(Numbers.toLongSaturated(number));
        } finally {
            References.release(number);
        }
    }

    /** Tells whether the system could have given out this descriptor. */
    static boolean isPossible(long descriptor) {
        return descriptor <= Integer.MAX_VALUE;
    }

    /** Returns the one argument of a method, which may be given by keyword. */
    public static @Borrowed long only(
            long arguments, long count, @Borrowed long names, String method, @Borrowed long keyword) {
        long keywords = names == Objects.NULL ? 0 : Tuples.size(names);
        if (count + keywords != 1 || (keywords == 1 && !Strings.areEqual(Tuples.get(names, 0), keyword))) {
            throw PythonException.typeError(
                    method + "() takes exactly one argument (" + (count + keywords) + " given)");
        }
        return Memory.getLong(arguments);
    }

    /** Returns an argument that must be one of our loops. */
    public static @Borrowed long loop(@Borrowed long object) {
        if (object == Objects.NULL || !Loops.isLoop(object)) {
            throw PythonException.typeError("expected a PyLoop event loop");
        }
        return object;
    }

    private static long checked(long descriptor) {
        if (descriptor < 0) {
            throw PythonException.valueError("Invalid file descriptor: " + descriptor);
        }
        return descriptor;
    }
}
