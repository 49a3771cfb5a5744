package dev.pyloop.bridge;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.RunnableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A loop of Python's as an executor: everything runs on the loop's thread, in the order in which it was handed over.
 *
 * <p>Any thread may hand over; none waits for it. What would have the loop's own thread wait for the loop throws an
 * {@link IllegalStateException}. {@link #shutdown} ends this executor and not the loop, of which there may be others.
 */
public final class PyLoopExecutor extends AbstractExecutorService implements ScheduledExecutorService {
    private final Mailbox mailbox;
    private final Set<LoopTask<?>> delayed = ConcurrentHashMap.newKeySet();
    private final CountDownLatch terminated = new CountDownLatch(1);
    private volatile boolean shutdown;
    private volatile boolean stopped;
    private volatile boolean passed;

    /** Makes an executor of the loop that a mailbox belongs to. */
    public PyLoopExecutor(Mailbox mailbox) {
        this.mailbox = mailbox;
    }

    Mailbox mailbox() {
        return mailbox;
    }

    @Override
    public void execute(Runnable command) {
        Objects.requireNonNull(command);
        if (shutdown) {
            throw rejection();
        }
        mailbox.post(new Run(this, command));
        if (mailbox.isClosed()) {
            throw new RejectedExecutionException("the loop is closed");
        }
    }

    private static RejectedExecutionException rejection() {
        return new RejectedExecutionException("the executor was shut down");
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
        return delay(new LoopTask<>(this, Executors.callable(command), unit.toNanos(delay), 0));
    }

    @Override
    public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
        return delay(new LoopTask<>(this, callable, unit.toNanos(delay), 0));
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(Runnable command, long initialDelay, long period, TimeUnit unit) {
        return delay(new LoopTask<>(
                this, Executors.callable(command), unit.toNanos(initialDelay), unit.toNanos(positive(period))));
    }

    @Override
    public ScheduledFuture<?> scheduleWithFixedDelay(Runnable command, long initialDelay, long delay, TimeUnit unit) {
        return delay(new LoopTask<>(
                this, Executors.callable(command), unit.toNanos(initialDelay), -unit.toNanos(positive(delay))));
    }

    private static long positive(long period) {
        if (period <= 0) {
            throw new IllegalArgumentException("the period has to be positive");
        }
        return period;
    }

    private <V> LoopTask<V> delay(LoopTask<V> task) {
        if (shutdown) {
            throw rejection();
        }
        delayed.add(task);
        task.announce();
        if (mailbox.isClosed()) {
            throw new RejectedExecutionException("the loop is closed");
        }
        return task;
    }

    /** A delayed task has ended, or will not run. */
    void forget(LoopTask<?> task) {
        delayed.remove(task);
        checkTermination();
    }

    boolean isStopped() {
        return stopped;
    }

    @Override
    public void shutdown() {
        if (shutdown) {
            return;
        }
        shutdown = true;
        for (LoopTask<?> task : delayed) {
            if (task.isPeriodic()) {
                task.cancel(false);
            }
        }
        // Behind everything that was handed over before.
        mailbox.post(new Passed(this));
    }

    /**
     * Ends the executor without running what it was given.
     *
     * @return the tasks that were to run after a delay; those that were to run at once are cancelled where they are futures
     */
    @Override
    public List<Runnable> shutdownNow() {
        stopped = true;
        shutdown();
        List<Runnable> tasks = new ArrayList<>(delayed);
        for (Runnable task : tasks) {
            ((LoopTask<?>) task).cancel(false);
        }
        return tasks;
    }

    @Override
    public boolean isShutdown() {
        return shutdown;
    }

    @Override
    public boolean isTerminated() {
        return terminated.getCount() == 0;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
        if (!isTerminated()) {
            checkThread();
        }
        return terminated.await(timeout, unit);
    }

    private void checkTermination() {
        if (passed && delayed.isEmpty()) {
            terminated.countDown();
        }
    }

    private void pass() {
        passed = true;
        checkTermination();
    }

    /** Throws unless the calling thread may wait for the loop. */
    void checkThread() {
        if (mailbox.isOwn()) {
            throw new IllegalStateException("the loop's thread cannot wait for what it is to run itself");
        }
    }

    @Override
    public <T> List<Future<T>> invokeAll(Collection<? extends Callable<T>> tasks) throws InterruptedException {
        checkThread();
        return super.invokeAll(tasks);
    }

    @Override
    public <T> List<Future<T>> invokeAll(Collection<? extends Callable<T>> tasks, long timeout, TimeUnit unit)
            throws InterruptedException {
        checkThread();
        return super.invokeAll(tasks, timeout, unit);
    }

    @Override
    public <T> T invokeAny(Collection<? extends Callable<T>> tasks) throws InterruptedException, ExecutionException {
        checkThread();
        return super.invokeAny(tasks);
    }

    @Override
    public <T> T invokeAny(Collection<? extends Callable<T>> tasks, long timeout, TimeUnit unit)
            throws InterruptedException, ExecutionException, TimeoutException {
        checkThread();
        return super.invokeAny(tasks, timeout, unit);
    }

    @Override
    protected <T> RunnableFuture<T> newTaskFor(Callable<T> callable) {
        return new LoopTask<>(this, callable, 0, 0);
    }

    @Override
    protected <T> RunnableFuture<T> newTaskFor(Runnable runnable, T value) {
        return new LoopTask<>(this, Executors.callable(runnable, value), 0, 0);
    }

    /** Something handed over to run at once. */
    private static final class Run extends Work {
        private final PyLoopExecutor executor;
        private final Runnable command;

        Run(PyLoopExecutor executor, Runnable command) {
            this.executor = executor;
            this.command = command;
        }

        @Override
        void run() {
            if (executor.stopped) {
                refuse();
            } else {
                command.run();
            }
        }

        @Override
        void refuse() {
            if (command instanceof Future) {
                ((Future<?>) command).cancel(false);
            }
        }
    }

    /** Comes when all that was handed over before a shutdown has run. */
    private static final class Passed extends Work {
        private final PyLoopExecutor executor;

        Passed(PyLoopExecutor executor) {
            this.executor = executor;
        }

        @Override
        void run() {
            executor.pass();
        }

        @Override
        void refuse() {
            executor.pass();
        }
    }

    @Override
    public String toString() {
        @Nullable String state = isTerminated() ? "terminated" : shutdown ? "shut down" : "running";
        return "PyLoopExecutor[" + state + "]";
    }
}
