package dev.pyloop.boot;

import dev.pyloop.cpython.Interpreter;
import dev.pyloop.cpython.LayoutCheck;
import dev.pyloop.cpython.Modules;
import dev.pyloop.python.HandleTypes;
import dev.pyloop.python.LoopType;
import java.io.PrintWriter;
import java.io.StringWriter;

/** The one entry from Python, called through JNI once per process; everything after it goes by native function pointers. */
public final class Bootstrap {
    private Bootstrap() {}

    /**
     * Binds to the running interpreter and fills the module {@code pyloop._engine}.
     *
     * @param library {@code dlopen} handle that the C API's symbols are found in
     * @param module address of the module object
     * @throws IllegalStateException if this interpreter is not one PyLoop knows, or something else failed; the message
     *     says it all, for it is all that Python sees
     */
    public static void start(long library, long module) {
        try {
            fill(library, module);
        } catch (IllegalStateException e) {
            throw e;
        } catch (Throwable t) {
            StringWriter text = new StringWriter();
            t.printStackTrace(new PrintWriter(text));
            throw new IllegalStateException(text.toString(), t);
        }
    }

    /**
     * Opens the jar, if it is not open, by the search for a class that is nowhere. With an AOT cache the class loader would
     * open it with the first class that the cache lacks, at a time when the process may have no descriptor left. The search
     * for a resource would go through the modules of the JDK too, and take twice as long.
     */
    private static void openJar() {
        try {
            Class.forName("dev.pyloop.boot.Missing", false, Bootstrap.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            return;
        }
        throw new IllegalStateException("the jar has a class that it should not have");
    }

    private static void fill(long library, long module) {
        openJar();
        Interpreter.attach(library);
        LayoutCheck.run();
        Modules.add(module, "EventLoop", LoopType.build());
        Modules.add(module, "Handle", HandleTypes.handle());
        Modules.add(module, "TimerHandle", HandleTypes.timerHandle());
        Modules.add(module, "HANDLE_CLASSES", HandleTypes.all());
    }
}
