package dev.pyloop.bridge;

import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The subscription of a subscriber to an iterator of Python's. The loop's thread gives it the items. */
public final class Outlet implements Flow.Subscription {
    private final Mailbox mailbox;
    private final long token;
    private final Object source;
    private final Flow.Subscriber<? super Object> subscriber;
    private final AtomicLong demand = new AtomicLong();
    private final AtomicBoolean waiting = new AtomicBoolean();
    private volatile boolean ended;
    private volatile boolean invalid;

    Outlet(Mailbox mailbox, Object source, Flow.Subscriber<? super Object> subscriber, boolean ended) {
        this.mailbox = mailbox;
        this.token = mailbox.token();
        this.source = source;
        this.subscriber = subscriber;
        this.ended = ended;
    }

    long token() {
        return token;
    }

    /** What the iterator comes from. */
    public Object source() {
        return source;
    }

    @Override
    public void request(long count) {
        if (ended) {
            return;
        }
        if (count <= 0) {
            invalid = true;
        } else {
            demand.updateAndGet(before -> before + count < 0 ? Long.MAX_VALUE : before + count);
        }
        if (waiting.compareAndSet(true, false)) {
            mailbox.post(new Notice(Kind.WANTED, token, null));
        }
    }

    @Override
    public void cancel() {
        if (!ended) {
            ended = true;
            mailbox.post(new Notice(Kind.CANCEL, token, null));
        }
    }

    /** Returns how many items may be sent, and takes them as sent; -1 if the subscriber has asked for none or fewer. */
    public long wanted() {
        while (true) {
            if (invalid) {
                return -1;
            }
            long count = demand.getAndSet(0);
            if (count > 0) {
                return count;
            }
            waiting.set(true);
            if ((demand.get() == 0 && !invalid) || !waiting.compareAndSet(true, false)) {
                return 0;
            }
        }
    }

    /** Sends an item. */
    public void next(@Nullable Object item) {
        if (ended) {
            return;
        }
        if (item == null) {
            throw new NullPointerException("None cannot be published: no item of a publisher is null");
        }
        subscriber.onNext(item);
    }

    /** Tells whether nothing more is to be sent. */
    public boolean isEnded() {
        return ended;
    }

    /** Sends the end. */
    public void complete() {
        if (!ended) {
            ended = true;
            subscriber.onComplete();
        }
    }

    /** Sends an end with an exception. */
    public void fail(Throwable error) {
        if (!ended) {
            ended = true;
            subscriber.onError(error);
        }
    }

    /** Sends that the subscriber has asked for items without wanting any. */
    public void failRequest() {
        fail(new IllegalArgumentException("a subscriber has to request one item at least"));
    }
}
