package dev.pyloop.bridge;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A task of Python's as a future.
 *
 * <p>{@link #cancel} asks the task to end and returns; the stage is cancelled when the task has ended, its {@code
 * finally} blocks included. Who completes the stage from outside, by {@code orTimeout} for example, has the task
 * cancelled, too.
 */
public final class CoroutineStage extends CompletableFuture<@Nullable Object> {
    private final Mailbox mailbox;
    private final long token;

    /** Makes the stage of the task that the loop knows by {@code token}. Any thread. */
    public CoroutineStage(Mailbox mailbox, long token) {
        this.mailbox = mailbox;
        this.token = token;
    }

    CoroutineStage(Mailbox mailbox) {
        this(mailbox, mailbox.token());
    }

    /** By what the loop knows the task. */
    public long token() {
        return token;
    }

    /** Asks for the task's end; returns whether it may still come to that. */
    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        if (isDone()) {
            return isCancelled();
        }
        cancelTask();
        return true;
    }

    @Override
    public boolean complete(@Nullable Object value) {
        boolean first = super.complete(value);
        if (first) {
            cancelTask();
        }
        return first;
    }

    @Override
    public boolean completeExceptionally(Throwable error) {
        boolean first = super.completeExceptionally(error);
        if (first) {
            cancelTask();
        }
        return first;
    }

    private void cancelTask() {
        mailbox.post(new Cancel(this));
    }

    /** Waits for the task.
     *
     * @throws IllegalStateException this is the loop's own thread, which runs the task
     */
    @Override
    public @Nullable Object get() throws InterruptedException, ExecutionException {
        checkThread();
        return super.get();
    }

    @Override
    public @Nullable Object get(long timeout, TimeUnit unit)
            throws InterruptedException, ExecutionException, TimeoutException {
        checkThread();
        return super.get(timeout, unit);
    }

    @Override
    public @Nullable Object join() {
        checkThread();
        return super.join();
    }

    private void checkThread() {
        if (!isDone() && mailbox.isOwn()) {
            throw new IllegalStateException("the loop's thread cannot wait for a task that it runs itself");
        }
    }

    /** The task has returned. */
    public void returned(@Nullable Object value) {
        super.complete(value);
    }

    /** What was to compute the result returned another stage. */
    public void follow(CompletionStage<?> other) {
        other.whenComplete((value, error) -> {
            if (error != null) {
                raised(error);
            } else {
                returned(value);
            }
        });
    }

    /** The task has raised an exception. */
    public void raised(Throwable error) {
        super.completeExceptionally(error);
    }

    /** The task was cancelled, or there is no loop any more that could run it. */
    public void ended() {
        super.completeExceptionally(new CancellationException());
    }

    private static final class Cancel extends Event {
        private final CoroutineStage stage;

        Cancel(CoroutineStage stage) {
            this.stage = stage;
        }

        @Override
        void report(Mailbox mailbox, int row) {
            mailbox.write(row, stage.token, Kind.CANCEL, 0, null);
        }

        @Override
        void refuse() {
            stage.ended();
        }
    }
}
