package dev.pyloop.bridge;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The end of a future that a loop waits for.
 *
 * <p>Whoever is second of the future's end and the loop's {@link #await} makes the other known: an end that comes first
 * is returned, past the queue, and one that comes later is posted.
 */
final class Completion extends Event implements BiConsumer<@Nullable Object, @Nullable Throwable> {
    private static final int NEW = 0;
    private static final int ENDED = 1;
    private static final int AWAITED = 2;

    private final Mailbox mailbox;
    private final long token;
    private final AtomicInteger state = new AtomicInteger(NEW);
    private int kind;
    private @Nullable Object value;

    Completion(Mailbox mailbox, long token) {
        this.mailbox = mailbox;
        this.token = token;
    }

    /** Takes the end of the future. Any thread, once. */
    @Override
    public void accept(@Nullable Object result, @Nullable Throwable error) {
        if (error == null) {
            value = result;
            kind = result == null ? Kind.NULL : Kind.VALUE;
        } else {
            fail(unwrapped(error));
        }
        if (!state.compareAndSet(NEW, ENDED)) {
            mailbox.post(this);
        }
    }

    private void fail(Throwable error) {
        Object python = error instanceof PythonException ? ((PythonException) error).object() : null;
        if (error instanceof CancellationException) {
            kind = Kind.CANCELLED;
        } else if (python != null) {
            kind = Kind.PYTHON_ERROR;
            value = python;
        } else {
            kind = Kind.ERROR;
            value = error;
        }
    }

    /** Takes the end of a future that has one. */
    void accept(Future<?> future) {
        Object result;
        try {
            result = future.get();
        } catch (InterruptedException | ExecutionException | RuntimeException | Error error) {
            accept(null, error);
            return;
        }
        accept(result, null);
    }

    /** Says that the loop waits. Its thread, once; returns whether there has been an end, which the mailbox then has. */
    boolean await() {
        if (state.compareAndSet(NEW, AWAITED)) {
            return false;
        }
        mailbox.note(kind, value);
        return true;
    }

    @Override
    void report(Mailbox to, int row) {
        to.write(row, token, kind, 0, value);
        value = null;
    }

    private static Throwable unwrapped(Throwable error) {
        Throwable inner = error;
        while (inner instanceof CompletionException || inner instanceof ExecutionException) {
            Throwable cause = inner.getCause();
            if (cause == null) {
                break;
            }
            inner = cause;
        }
        return inner;
    }
}
