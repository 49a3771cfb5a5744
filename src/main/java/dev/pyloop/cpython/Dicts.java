package dev.pyloop.cpython;

import dev.pyloop.memory.NativeFunction;

/** {@code dict}. Callers hold the GIL. */
public final class Dicts {
    private static final NativeFunction NEW = Interpreter.function("PyDict_New");
    private static final NativeFunction SET_ITEM = Interpreter.function("PyDict_SetItem");

    private Dicts() {}

    /** Makes a dict of keys, each with the value that follows it. */
    public static @Owned long of(@Borrowed long... keysAndValues) {
        long dict = Errors.check(NEW.call());
        try {
            for (int i = 0; i < keysAndValues.length; i += 2) {
                Errors.check((int) SET_ITEM.call(dict, keysAndValues[i], keysAndValues[i + 1]));
            }
            return dict;
        } catch (PythonException e) {
            References.release(dict);
            throw e;
        }
    }
}
