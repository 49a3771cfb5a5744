package dev.pyloop.cpython;

import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.memory.NativeFunction;

/** Module objects. Callers hold the GIL. */
public final class Modules {
    private Modules() {}

    /**
     * Returns what {@code module} itself has as {@code name}. Runs no Python code, not even the module's
     * {@code __getattr__}.
     *
     * @throws IllegalStateException if it has no such attribute
     */
    public static @Owned long get(@Borrowed long module, String name) {
        long value = find(module, name);
        if (value == Objects.NULL) {
            throw new IllegalStateException("a module lacks " + name);
        }
        return References.retain(value);
    }

    /** Tells whether {@code module} itself has an attribute. Runs no Python code. */
    public static boolean has(@Borrowed long module, String name) {
        return find(module, name) != Objects.NULL;
    }

    private static @Borrowed long find(long module, String name) {
        NativeFunction getDict = Interpreter.function("PyModule_GetDict");
        NativeFunction getItem = Interpreter.function("PyDict_GetItemWithError");
        long interned = Interned.get(name);
        try {
            return getItem.call(getDict.call(module), interned);
        } finally {
            References.release(interned);
        }
    }

    /** Makes {@code value} the attribute {@code name} of {@code module}. */
    public static void add(@Borrowed long module, String name, @Owned long value) {
        NativeFunction setAttribute = Interpreter.function("PyObject_SetAttrString");
        try (NativeBuffer text = NativeBuffer.of(name)) {
            Errors.check((int) setAttribute.call(module, text.address(), value));
        } catch (Throwable t) {
            throw Errors.propagate(t);
        } finally {
            References.release(value);
        }
    }
}
