package dev.pyloop.cpython;

import dev.pyloop.memory.NativeLinker;
import java.lang.invoke.MethodHandle;

/** The global interpreter lock, and the signals that Python handles while it is held. */
public final class Gil {
    private static final MethodHandle GET_THREAD = Interpreter.function("PyThreadState_Get", "()J");
    private static final MethodHandle SAVE_THREAD = Interpreter.function("PyEval_SaveThread", "()J");
    private static final MethodHandle RESTORE_THREAD = Interpreter.function("PyEval_RestoreThread", "(J)V");
    private static final MethodHandle CHECK_SIGNALS = Interpreter.function("PyErr_CheckSignals", "()I");

    private Gil() {}

    /** Returns the state of the calling thread, which {@link #save} returns too and which stays the same. */
    public static long threadState() {
        try {
            return (long) GET_THREAD.invokeExact();
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /** Releases the GIL and returns the thread's state, to be handed to {@link #restore} by the same thread. */
    public static long save() {
        try {
            return (long) SAVE_THREAD.invokeExact();
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /** Takes the GIL again. */
    public static void restore(long threadState) {
        try {
            RESTORE_THREAD.invokeExact(threadState);
        } catch (Throwable t) {
            throw NativeLinker.unexpected(t);
        }
    }

    /**
     * Runs the Python handlers of signals that arrived, if this is the main thread.
     *
     * @throws PythonException what a handler raised, such as KeyboardInterrupt
     */
    public static void checkSignals() {
        try {
            Errors.check((int) CHECK_SIGNALS.invokeExact());
        } catch (Throwable t) {
            throw Errors.propagate(t);
        }
    }
}
