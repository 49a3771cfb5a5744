package dev.pyloop.cpython;

import dev.pyloop.memory.NativeFunction;

/**
 * The descriptor that CPython writes a byte to for every signal of the process.
 *
 * <p>There is one for all loops. Callers hold the GIL, and are the main thread.
 */
public final class WakeupDescriptor {
    /** Stands for there being none. */
    public static final int NONE = -1;

    /** Exported from 3.13 on. */
    private static final long SET = Interpreter.optionalSymbol("PySignal_SetWakeupFd");

    private WakeupDescriptor() {}

    /** Tells whether this version lets it be set without Python code. */
    public static boolean isAccessible() {
        return SET != 0;
    }

    /** Has signals written to {@code descriptor} from now on, and returns where they were written before. */
    public static int set(int descriptor) {
        return (int) NativeFunction.at(SET).callLeaf(descriptor, 0);
    }
}
