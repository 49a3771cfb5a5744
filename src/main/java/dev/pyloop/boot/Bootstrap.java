package dev.pyloop.boot;

import dev.pyloop.cpython.Interpreter;
import dev.pyloop.cpython.LayoutCheck;
import dev.pyloop.cpython.Modules;
import dev.pyloop.python.HandleTypes;
import dev.pyloop.python.LoopType;

/** The one entry from Python, called through JNI once per process; everything after it goes by native function pointers. */
public final class Bootstrap {
    private Bootstrap() {}

    /**
     * Binds to the running interpreter and fills the module {@code pyloop._engine}.
     *
     * @param library {@code dlopen} handle that the C API's symbols are found in
     * @param module address of the module object
     * @throws IllegalStateException if this interpreter is not one PyLoop knows
     */
    public static void start(long library, long module) {
        Interpreter.attach(library);
        LayoutCheck.run();
        Modules.add(module, "EventLoop", LoopType.build());
        Modules.add(module, "Handle", HandleTypes.handle());
        Modules.add(module, "TimerHandle", HandleTypes.timerHandle());
    }
}
