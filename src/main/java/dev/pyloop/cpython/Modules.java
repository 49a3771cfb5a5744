package dev.pyloop.cpython;

import dev.pyloop.memory.NativeBuffer;
import dev.pyloop.memory.NativeFunction;

/** Module objects. Callers hold the GIL. */
public final class Modules {
    private Modules() {}

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
