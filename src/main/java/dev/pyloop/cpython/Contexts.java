package dev.pyloop.cpython;

import dev.pyloop.memory.NativeLinker;
import java.lang.invoke.MethodHandle;

/**
 * {@code contextvars.Context}.
 *
 * <p>Plain calls, though entering a context only swaps a pointer: on 3.11 whatever allocates, an error message included,
 * may run the cyclic garbage collector, whose finalizers may come back to Java. Callers hold the GIL.
 */
public final class Contexts {
    private static final MethodHandle COPY_CURRENT = Interpreter.function("PyContext_CopyCurrent", "()J");
    private static final MethodHandle ENTER = Interpreter.function("PyContext_Enter", "(J)I");
    private static final MethodHandle EXIT = Interpreter.function("PyContext_Exit", "(J)I");
    private static final long TYPE = Interpreter.symbol("PyContext_Type");

    private Contexts() {}

    /** Returns a copy of the thread's current context. */
    public static @Owned long copyCurrent() {
        try {
            return Errors.check((long) COPY_CURRENT.invokeExact());
        } catch (Throwable t) {
            throw Errors.propagate(t);
        }
    }

    /** Tells whether {@code object} is a context; the type cannot be subclassed. */
    public static boolean isContext(@Borrowed long object) {
        return Objects.type(object) == TYPE;
    }

    /** Makes {@code context} current; false, with the error indicator set, when it is entered already. */
    public static boolean tryEnter(@Borrowed long context) {
        try {
            return (int) ENTER.invokeExact(context) == 0;
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /** Makes the context current that was so before {@code context} was entered; a pending error stays pending. */
    public static void exit(@Borrowed long context) {
        try {
            int status = (int) EXIT.invokeExact(context);
            assert status == 0;
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }
}
