package dev.pyloop.python;

import dev.pyloop.cpython.Borrowed;
import dev.pyloop.cpython.Contexts;
import dev.pyloop.cpython.Numbers;
import dev.pyloop.cpython.Objects;
import dev.pyloop.cpython.Owned;
import dev.pyloop.cpython.PythonException;
import dev.pyloop.cpython.References;
import dev.pyloop.cpython.Tuples;
import dev.pyloop.memory.Memory;

/**
 * Arguments as vectorcall passes them: {@code count} positional ones, then the values of the keywords in {@code names}.
 *
 * <p>What is not usual is left to asyncio's Python code, whose TypeErrors Python users know. Guarded by the GIL.
 */
final class Arguments {
    private Arguments() {}

    /** Tells whether there are {@code required} positional arguments or more, and no keyword but {@code context}. */
    static boolean areUsual(int required, long count, @Borrowed long names) {
        return count >= required
                && (names == Objects.NULL || (Tuples.size(names) == 1 && Tuples.get(names, 0) == Names.CONTEXT));
    }

    /** Returns the context to run in: the keyword's if there is one other than {@code None}, else a copy of the current. */
    static @Owned long context(long arguments, long count, @Borrowed long names) {
        if (names != Objects.NULL) {
            long context = Memory.getLong(arguments + count * Long.BYTES);
            if (context != Objects.NONE) {
                return References.retain(context);
            }
        }
        return Contexts.copyCurrent();
    }

    /** Returns the descriptor that {@code file} is or has; ValueError where asyncio's selectors raise it. */
    static int descriptor(@Borrowed long self, @Borrowed long file) {
        if (Numbers.isInteger(file)) {
            return descriptor(Numbers.toLong(file));
        }
        long number = PythonSide.descriptorOf(self, file);
        try {
            return descriptor(Numbers.toLong(number));
        } finally {
            References.release(number);
        }
    }

    private static int descriptor(long number) {
        if (number < 0) {
            throw PythonException.valueError("Invalid file descriptor: " + number);
        }
        if (number > Integer.MAX_VALUE) {
            throw PythonException.overflowError("file descriptor " + number + " does not fit a C int");
        }
        return (int) number;
    }
}
