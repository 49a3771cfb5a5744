package dev.pyloop.cpython;

import dev.pyloop.memory.NativeFunction;

/** The global interpreter lock, and the signals that Python handles while it is held. */
public final class Gil {
    private static final NativeFunction GET_THREAD = Interpreter.function("PyThreadState_Get");
    private static final NativeFunction SAVE_THREAD = Interpreter.function("PyEval_SaveThread");
    private static final NativeFunction RESTORE_THREAD = Interpreter.function("PyEval_RestoreThread");
    private static final NativeFunction CHECK_SIGNALS = Interpreter.function("PyErr_CheckSignals");

    private Gil() {}

    /** Returns the state of the calling thread, which {@link #save} returns too and which stays the same. */
    public static long threadState() {
        return GET_THREAD.call();
    }

    /** Releases the GIL and returns the thread's state, to be handed to {@link #restore} by the same thread. */
    public static long save() {
        return SAVE_THREAD.call();
    }

    /** Takes the GIL again. */
    public static void restore(long threadState) {
        RESTORE_THREAD.call(threadState);
    }

    /**
     * Runs the Python handlers of signals that arrived, if this is the main thread.
     *
     * @throws PythonException what a handler raised, such as KeyboardInterrupt
     */
    public static void checkSignals() {
        Errors.check((int) CHECK_SIGNALS.call());
    }
}
