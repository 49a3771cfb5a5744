package dev.pyloop.boot;

import dev.pyloop.cpython.Errors;
import dev.pyloop.cpython.Interpreter;
import dev.pyloop.cpython.LayoutCheck;
import dev.pyloop.cpython.Modules;
import dev.pyloop.memory.NativeSymbols;
import dev.pyloop.python.loop.HandleTypes;
import dev.pyloop.python.loop.LoopType;
import dev.pyloop.python.names.Imports;
import dev.pyloop.python.transport.Transports;
import dev.pyloop.reactor.epoll.EpollPoller;
import java.io.PrintWriter;
import java.io.StringWriter;

/** The one entry from Python, called once per process; everything after it goes by native function pointers. */
public final class Bootstrap {
    /** Tells all class loaders of the process that an engine runs. */
    private static final String STARTED = "dev.pyloop.started";

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
            refuseAnotherInterpreter();
            NativeSymbols.attach(dlsym);
            Interpreter.attach(library);
            fill(module);
            System.setProperty(STARTED, "true");
        } catch (IllegalStateException e) {
            throw e;
        } catch (Throwable t) {
            StringWriter text = new StringWriter();
            t.printStackTrace(new PrintWriter(text));
            throw new IllegalStateException(text.toString(), t);
        }
    }

    private static void refuseAnotherInterpreter() {
        if (System.getProperty(STARTED) != null) {
            throw new IllegalStateException(
                    "this interpreter was initialized after another one of this process had ended, to"
                            + " which PyLoop's engine belongs");
        }
    }

    private static void fill(long module) {
        Errors.prepare();
        LayoutCheck.run();
        Imports.fetch();
        HandleTypes.build();
        Modules.add(module, "EventLoop", LoopType.build(EpollPoller::new, new Transports()));
        Modules.add(module, "Handle", HandleTypes.handle());
        Modules.add(module, "TimerHandle", HandleTypes.timerHandle());
        Modules.add(module, "HANDLE_CLASSES", HandleTypes.all());
    }
}
