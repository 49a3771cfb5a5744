package dev.pyloop.bridge;

import java.lang.reflect.Method;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Waiting for a future of any make, and cancelling it. */
public final class Futures {
    private static final Executor DIRECT = Runnable::run;

    /** {@code addListener(Runnable, Executor)}, which Guava's, Google's and others' futures have. */
    private static final ClassValue<@Nullable Method> LISTEN = new ClassValue<>() {
        @Override
        protected @Nullable Method computeValue(Class<?> type) {
            return Types.method(type, "addListener", Runnable.class, Executor.class);
        }
    };

    private Futures() {}

    /** Tells whether an object is a future of a make that is known. */
    public static boolean isFuture(Object object) {
        return object instanceof CompletionStage || object instanceof Future;
    }

    /** Tells whether {@link #run} can run an object. */
    public static boolean isAction(Object object) {
        return object instanceof Callable || object instanceof Supplier || object instanceof Runnable;
    }

    /**
     * Has the loop hear of the end of {@code future}. The loop's thread.
     *
     * @return whether the end is known already: then nothing will be posted, its {@link Kind} is in the last row, and what
     *     goes with it is the mailbox's {@link Mailbox#value}
     */
    public static boolean watch(Mailbox mailbox, Object future, long token) throws Exception {
        Completion completion = new Completion(mailbox, token);
        if (future instanceof CompletionStage) {
            ((CompletionStage<?>) future).whenComplete(completion);
            return completion.await();
        }
        Future<?> plain = (Future<?>) future;
        if (plain.isDone()) {
            completion.accept(plain);
            return completion.await();
        }
        Method listen = LISTEN.get(future.getClass());
        if (listen != null) {
            Runnable ended = () -> completion.accept(plain);
            listen.invoke(future, ended, DIRECT);
        } else {
            // It tells nobody: a thread has to wait for it.
            Threads.start(() -> completion.accept(plain));
        }
        return completion.await();
    }

    /** Tells whether an exception is among the causes of one of its own, which JPype would follow without end. */
    public static boolean isCyclic(Throwable error) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Throwable each = error; each != null; each = each.getCause()) {
            if (!seen.add(each)) {
                return true;
            }
        }
        return false;
    }

    /** Throws an exception, for JPype to make one of Python's of it. */
    @SuppressWarnings("DoNotCallSuggester") // which is what it is for
    public static void raise(Throwable error) throws Throwable {
        throw error;
    }

    /** Cancels a future, and interrupts what computes it. */
    public static void cancel(Object future) {
        try {
            if (future instanceof Future) {
                ((Future<?>) future).cancel(true);
            } else {
                ((CompletionStage<?>) future).toCompletableFuture().cancel(true);
            }
        } catch (UnsupportedOperationException refused) {
            // A stage may keep its future to itself. Then its end is not listened to any more, and that is all.
        }
    }

    /**
     * Runs something elsewhere, and has the loop hear of its end.
     *
     * @return the future to cancel
     */
    public static FutureTask<?> run(Mailbox mailbox, Object action, Executor executor, long token) {
        Completion completion = new Completion(mailbox, token);
        boolean early = completion.await();
        assert !early;
        FutureTask<?> job = new Job<>(callable(action), completion);
        executor.execute(job);
        return job;
    }

    private static Callable<?> callable(Object action) {
        if (action instanceof Callable) {
            return (Callable<?>) action;
        }
        if (action instanceof Supplier) {
            return ((Supplier<?>) action)::get;
        }
        Runnable runnable = (Runnable) action;
        return () -> {
            runnable.run();
            return null;
        };
    }

    /** What {@link #run} runs: it knows by itself when it has ended. */
    private static final class Job<T> extends FutureTask<T> {
        private final Completion completion;

        Job(Callable<T> action, Completion completion) {
            super(action);
            this.completion = completion;
        }

        @Override
        protected void done() {
            completion.accept(this);
        }
    }
}
