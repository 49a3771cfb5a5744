package dev.pyloop.bridge;

import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RunnableScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A task of a {@link PyLoopExecutor}. If it has a delay, the loop has a timer for it, which calls {@link #fire}. */
public final class LoopTask<V> extends FutureTask<V> implements RunnableScheduledFuture<V> {
    private final PyLoopExecutor executor;
    private final long token;
    /** From start to start, negative: from end to start; 0 runs once. */
    private final long period;

    private volatile long due;

    LoopTask(PyLoopExecutor executor, Callable<V> action, long delay, long period) {
        super(action);
        this.executor = executor;
        this.period = period;
        token = executor.mailbox().token();
        due = System.nanoTime() + delay;
    }

    /** Has the loop set a timer. */
    void announce() {
        executor.mailbox().post(new Announcement(this));
    }

    /** The timer is due. The loop's thread. */
    public void fire() {
        if (executor.isStopped()) {
            cancel(false);
        } else if (period == 0) {
            run();
        } else if (runAndReset()) {
            due = period > 0 ? due + period : System.nanoTime() - period;
            announce();
        }
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        // It runs on the loop's thread, which nobody may interrupt.
        return super.cancel(false);
    }

    @Override
    protected void done() {
        executor.forget(this);
        if (isCancelled()) {
            executor.mailbox().post(new Notice(Kind.UNSCHEDULE, token, null));
        }
    }

    @Override
    public boolean isPeriodic() {
        return period != 0;
    }

    @Override
    public long getDelay(TimeUnit unit) {
        return unit.convert(due - System.nanoTime(), TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
        return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
    }

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    @Override
    public V get() throws InterruptedException, ExecutionException {
        if (!isDone()) {
            executor.checkThread();
        }
        return super.get();
    }

    @Override
    public V get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
        if (!isDone()) {
            executor.checkThread();
        }
        return super.get(timeout, unit);
    }

    private static final class Announcement extends Event {
        private final LoopTask<?> task;

        Announcement(LoopTask<?> task) {
            this.task = task;
        }

        @Override
        void report(Mailbox mailbox, int row) {
            long delay = Math.max(0, task.due - System.nanoTime());
            mailbox.write(row, task.token, Kind.SCHEDULE, Math.min(delay, Long.MAX_VALUE >> Kind.BITS), task);
        }

        @Override
        void refuse() {
            task.cancel(false);
        }
    }
}
