package dev.pyloop.cpython;

import dev.pyloop.memory.NativeBuffer;
import java.lang.invoke.MethodHandle;

/** Module objects. Callers hold the GIL. */
public final class Modules {
    private Modules() {}

    /** Makes {@code value} the attribute {@code name} of {@code module}. */
    public static void add(@Borrowed long module, String name, @Owned long value) {
        MethodHandle setAttribute = Interpreter.function("PyObject_SetAttrString", "(JJJ)I");
        try (NativeBuffer text = NativeBuffer.of(name)) {
            Errors.check((int) setAttribute.invokeExact(module, text.address(), value));
        } catch (Throwable t) {
            throw Errors.propagate(t);
        } finally {
            References.release(value);
        }
    }
}
