package dev.pyloop.cpython;

import dev.pyloop.memory.Memory;
import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.memory.NativeFunction;
import dev.pyloop.memory.NativeSymbols;

/**
 * Where contexts, thread states and the interpreter keep what a change of context changes.
 *
 * <pre>
 *   struct _pycontextobject {          // Include/internal/pycore_context.h, the same from 3.11 to 3.14
 *       PyObject_HEAD
 *       PyContext *ctx_prev;           // 16   entered before; owned by nobody else while ctx_entered
 *       PyHamtObject *ctx_vars;        // 24
 *       PyObject *ctx_weakreflist;     // 32
 *       int ctx_entered;               // 40
 *   };
 *
 *   struct _ts { …; PyObject *context; uint64_t context_ver; … };
 *   struct _is { …; PyContext_WatchCallback context_watchers[8];                                       // 3.14
 *                uint8_t active_code_watchers, active_context_watchers; … };
 * </pre>
 *
 * <p>Thread state and interpreter differ between versions and builds. There the places are found at start, by entering a
 * context and looking where it shows, and by registering a watcher. Callers hold the GIL.
 */
final class ContextLayout {
    static final long PREVIOUS = 16;
    static final long VARIABLES = 24;
    static final long WEAK_LIST = 32;
    static final long ENTERED = 40;
    private static final long SIZE = 48;

    /** Offset of {@code context} in a thread state; {@code context_ver} follows it. */
    static final long THREAD_CONTEXT;

    /** Address of the byte that is not 0 while somebody watches changes of context; 0 where nobody can. */
    static final long WATCHERS;

    private static final long THREAD_STATE_SEARCHED = 400;
    private static final long MAX_WATCHERS = 8;

    /** In {@code _PyRuntime}, behind {@code _Py_DebugOffsets.runtime_state}: the size of an interpreter's state. */
    private static final long DEBUG_OFFSETS_INTERPRETER_SIZE = 48;

    private static final String NAME = "contexts";

    static {
        THREAD_CONTEXT = findThreadContext();
        long addWatcher = Interpreter.optionalSymbol("PyContext_AddWatcher");
        WATCHERS = addWatcher == 0 ? 0 : findWatchers();
    }

    private ContextLayout() {}

    private static long findThreadContext() {
        NativeFunction create = Interpreter.function("PyContext_New");
        NativeFunction enter = Interpreter.function("PyContext_Enter");
        NativeFunction exit = Interpreter.function("PyContext_Exit");
        long thread = Gil.threadState();
        long context = Errors.check(create.call());
        LayoutCheck.expect(Types.basicSize(Objects.type(context)) == SIZE, NAME);
        LayoutCheck.expect(Types.weakListOffset(Objects.type(context)) == WEAK_LIST, NAME);
        LayoutCheck.expect(Memory.getInt(context + ENTERED) == 0, NAME);
        long variables = Memory.getLong(context + VARIABLES);
        LayoutCheck.expect(variables != Objects.NULL && Types.isNamed(Objects.type(variables), "hamt"), NAME);
        int status = (int) enter.call(context);
        Errors.check(status);
        long found = 0;
        while (found < THREAD_STATE_SEARCHED && Memory.getLong(thread + found) != context) {
            found += Long.BYTES;
        }
        LayoutCheck.expect(found < THREAD_STATE_SEARCHED && Memory.getInt(context + ENTERED) == 1, NAME);
        long previous = Memory.getLong(context + PREVIOUS);
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
