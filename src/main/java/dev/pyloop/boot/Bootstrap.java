package dev.pyloop.boot;

import dev.pyloop.cpython.Interpreter;
import dev.pyloop.cpython.LayoutCheck;
import dev.pyloop.cpython.Modules;
import dev.pyloop.memory.NativeSymbols;
import dev.pyloop.memory.SystemCall;
import dev.pyloop.python.HandleTypes;
import dev.pyloop.python.LoopType;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** The one entry from Python, called through JNI once per process; everything after it goes by native function pointers. */
public final class Bootstrap {
    private Bootstrap() {}

    /**
     * Binds to the running interpreter and fills the module {@code pyloop._engine}.
     *
     * @param dlsym address of the C library's function
     * @param library {@code dlopen} handle that the C API's symbols are found in
     * @param module address of the module object
     * @throws IllegalStateException if this interpreter is not one PyLoop knows, or something else failed; the message
     *     says it all, for it is all that Python sees
     */
    public static void start(long dlsym, long library, long module) {
        try {
            NativeSymbols.attach(dlsym);
            Interpreter.attach(library);
            fill(module);
        } catch (IllegalStateException e) {
            throw e;
        } catch (Throwable t) {
            StringWriter text = new StringWriter();
            t.printStackTrace(new PrintWriter(text));
            throw new IllegalStateException(text.toString(), t);
        }
    }

    /** Does what can be done beside the rest of the start, on another processor, for it calls no Python. */
    private static void prepare() {
        SystemCall.link();
        openJar();
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

    private static void fill(long module) throws InterruptedException, ExecutionException {
        LayoutCheck.run();
        FutureTask<Void> preparation = new FutureTask<>(Bootstrap::prepare, null);
        Thread.ofPlatform().name("pyloop-start").daemon().start(preparation);
        Modules.add(module, "EventLoop", LoopType.build());
        Modules.add(module, "Handle", HandleTypes.handle());
        Modules.add(module, "TimerHandle", HandleTypes.timerHandle());
        Modules.add(module, "HANDLE_CLASSES", HandleTypes.all());
        preparation.get();
    }
}
