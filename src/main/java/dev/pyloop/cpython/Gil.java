package dev.pyloop.cpython;

import dev.pyloop.memory.NativeFunction;
import dev.pyloop.memory.NativeLock;

/** The global interpreter lock, and the signals that Python handles while it is held. */
public final class Gil {
    private static final NativeFunction GET_THREAD = Interpreter.function("PyThreadState_Get");
    private static final NativeLock LOCK =
            new NativeLock(Interpreter.symbol("PyEval_SaveThread"), Interpreter.symbol("PyEval_RestoreThread"));
    private static final NativeFunction CHECK_SIGNALS = Interpreter.function("PyErr_CheckSignals");

    private Gil() {}

    /** Returns the state of the calling thread, which stays the same. */
    public static long threadState() {
        return GET_THREAD.callLeaf();
    }

    /** Returns the GIL as a lock that a system call gives up while it sleeps. */
    public static NativeLock lock() {
        return LOCK;
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
