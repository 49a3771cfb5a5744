package dev.pyloop.bridge;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** Threads for what has to wait: virtual ones where Java has them (21 and newer), else daemons that are kept for a while. */
public final class Threads {
    private static final @Nullable Executor VIRTUAL = findVirtual();

    private static final class Daemons {
        static final ExecutorService POOL = Executors.newCachedThreadPool(work -> {
            Thread thread = new Thread(work, "pyloop-wait");
            thread.setDaemon(true);
            return thread;
        });
    }

    private Threads() {}

    /** A new virtual thread for each task, or null on a Java that has none. */
    public static @Nullable Executor virtual() {
        return VIRTUAL;
    }

    /** Virtual threads, or those of a pool. */
    public static Executor any() {
        return VIRTUAL != null ? VIRTUAL : Daemons.POOL;
    }

    static void start(Runnable work) {
        any().execute(work);
    }

    private static @Nullable Executor findVirtual() {
        try {
            return (Executor) MethodHandles.publicLookup()
                    .findStatic(
                            Executors.class,
                            "newVirtualThreadPerTaskExecutor",
                            MethodType.methodType(ExecutorService.class))
                    .invoke();
        } catch (Throwable none) {
            // Before 21 there is no such method, or it is a preview that is not enabled.
            return null;
        }
    }
}
