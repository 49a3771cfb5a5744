package dev.pyloop.cpython;

import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.memory.NativeFunction;
import dev.pyloop.memory.NativeSymbols;

/**
 * Finds out where this interpreter keeps the current context: by entering one and looking where it shows, and by
 * registering a watcher.
 *
 * <p>A step of the start, because it makes objects of the garbage collector's, and a collection may run any Python code.
 * {@link ContextLayout} takes the results over. Guarded by the GIL.
 */
final class ContextProbe {
    private static final long THREAD_STATE_SEARCHED = 400;
    private static final long MAX_WATCHERS = 8;

    /** In {@code _PyRuntime}, behind {@code _Py_DebugOffsets.runtime_state}: the size of an interpreter's state. */
    private static final long DEBUG_OFFSETS_INTERPRETER_SIZE = 48;

    private static final String NAME = "contexts";

    private static long threadContext;
    private static long watchers;

    private ContextProbe() {}

    /** Looks, once more if it was interrupted. */
    static void run() {
        threadContext = findThreadContext();
        watchers = Interpreter.optionalSymbol("PyContext_AddWatcher") == 0 ? 0 : findWatchers();
    }

    static long threadContext() {
        return threadContext;
    }

    static long watchers() {
        return watchers;
    }

    private static long findThreadContext() {
        NativeFunction create = Interpreter.function("PyContext_New");
        NativeFunction enter = Interpreter.function("PyContext_Enter");
        NativeFunction exit = Interpreter.function("PyContext_Exit");
        long thread = Gil.threadState();
        long context = Errors.check(create.call());
        LayoutCheck.expect(Types.basicSize(Objects.type(context)) == ContextLayout.SIZE, NAME);
        LayoutCheck.expect(Types.weakListOffset(Objects.type(context)) == ContextLayout.WEAK_LIST, NAME);
        LayoutCheck.expect(Memory.getInt(context + ContextLayout.ENTERED) == 0, NAME);
        long variables = Memory.getLong(context + ContextLayout.VARIABLES);
        LayoutCheck.expect(variables != Objects.NULL && Types.isNamed(Objects.type(variables), "hamt"), NAME);
        int status = (int) enter.call(context);
        Errors.check(status);
        long found = 0;
        while (found < THREAD_STATE_SEARCHED && Memory.getLong(thread + found) != context) {
            found += Long.BYTES;
        }
        LayoutCheck.expect(found < THREAD_STATE_SEARCHED && Memory.getInt(context + ContextLayout.ENTERED) == 1, NAME);
        long previous = Memory.getLong(context + ContextLayout.PREVIOUS);
        long version = Memory.getLong(thread + found + Long.BYTES);
        status = (int) exit.call(context);
        Errors.check(status);
        LayoutCheck.expect(Memory.getLong(thread + found) == previous, NAME);
        LayoutCheck.expect(Memory.getLong(thread + found + Long.BYTES) == version + 1, NAME);
        References.release(context);
        return found;
    }

    private static long findWatchers() {
        NativeFunction add = Interpreter.function("PyContext_AddWatcher");
        NativeFunction clear = Interpreter.function("PyContext_ClearWatcher");
        NativeFunction getInterpreter = Interpreter.function("PyInterpreterState_Get");
        NativeFunction find = NativeFunction.at(NativeSymbols.libc("memmem"));
        long interpreter = getInterpreter.call();
        long size = Memory.getLong(Interpreter.symbol("_PyRuntime") + DEBUG_OFFSETS_INTERPRETER_SIZE);
        // Any function that nothing else in the interpreter's state points to; it is never called.
        long callback = Interpreter.symbol("PyContext_AddWatcher");
        try (NativeBuffer needle = new NativeBuffer(Long.BYTES)) {
            Memory.putLong(needle.address(), callback);
            int number = (int) add.call(callback);
            Errors.check(number);
            long entry = find.call(interpreter, size, needle.address(), Long.BYTES);
            LayoutCheck.expect(entry != 0, NAME);
            long active = entry + (MAX_WATCHERS - number) * Long.BYTES + 1;
            int before = Memory.getByte(active);
            int status = (int) clear.call(number);
            Errors.check(status);
            LayoutCheck.expect(((before ^ Memory.getByte(active)) & 0xFF) == 1 << number, NAME);
            return active;
        }
    }
}
