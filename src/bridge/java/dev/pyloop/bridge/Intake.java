package dev.pyloop.bridge;

import java.util.Arrays;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * A subscription whose items the loop takes in batches.
 *
 * <p>The publisher, whose signals follow each other, fills a ring; the loop's thread empties it. There are never more
 * items under way than the prefetch: the loop asks for new ones as its program has taken the old. It is told of items only
 * if it found none before.
 */
public final class Intake extends Event implements Flow.Subscriber<Object> {
    /** What {@link #take} returns when there will be no more items: the end, and an end with {@link #error}. */
    public static final int COMPLETE = -1;

    public static final int FAILED = -2;

    private final Mailbox mailbox;
    private final long token;
    private final int prefetch;
    private final AtomicReferenceArray<@Nullable Object> ring;
    private final int mask;
    private final AtomicLong filled = new AtomicLong();
    private final AtomicLong emptied = new AtomicLong();
    private final AtomicBoolean waiting = new AtomicBoolean();
    private final AtomicReference<@Nullable Demand> demand = new AtomicReference<>();
    private final @Nullable Object[] batch;
    private int batched;
    private @Nullable Throwable error;
    private volatile boolean ended;
    private volatile boolean cancelled;

    /** How one asks a publisher for items, of whichever interface it is. */
    interface Demand {
        void request(long count);

        void cancel();
    }

    /** Makes a subscription that keeps up to {@code prefetch} items ready, and hands over half of them at once. */
    public Intake(Mailbox mailbox, long token, int prefetch) {
        this.mailbox = mailbox;
        this.token = token;
        this.prefetch = prefetch;
        int size = Integer.highestOneBit(Math.max(prefetch, 2) - 1) << 1;
        mask = size - 1;
        ring = new AtomicReferenceArray<>(size);
        batch = new @Nullable Object[(prefetch + 1) / 2];
    }

    /** Subscribes to a publisher, of whichever interface. */
    public void subscribe(Object publisher) throws Throwable {
        Publishers.subscribe(publisher, this);
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        start(new Demand() {
            @Override
            public void request(long count) {
                subscription.request(count);
            }

            @Override
            public void cancel() {
                subscription.cancel();
            }
        });
    }

    void start(Demand granted) {
        if (!demand.compareAndSet(null, granted)) {
            granted.cancel();
        } else if (cancelled) {
            granted.cancel();
        } else {
            granted.request(prefetch);
        }
    }

    @Override
    public void onNext(Object item) {
        long at = filled.get();
        if (cancelled || ended) {
            return;
        }
        if (at - emptied.get() > mask) {
            cancel();
            end(new IllegalStateException("the publisher has sent more than it was asked for"));
            return;
        }
        ring.lazySet((int) at & mask, item);
        filled.set(at + 1);
        tell();
    }

    @Override
    public void onError(Throwable cause) {
        end(cause);
    }

    @Override
    public void onComplete() {
        end(null);
    }

    private void end(@Nullable Throwable cause) {
        if (!ended) {
            error = cause;
            ended = true;
            tell();
        }
    }

    private void tell() {
        if (waiting.get() && waiting.compareAndSet(true, false)) {
            mailbox.post(this);
        }
    }

    /** The items that {@link #take} found are its first ones. The loop's thread. */
    public @Nullable Object[] batch() {
        return batch;
    }

    /** Why the publisher ended. */
    public @Nullable Throwable error() {
        return error;
    }

    /**
     * Fills the batch. The loop's thread.
     *
     * @param done the number of items that the program has taken since the last call
     * @return the number of items; none if the loop will be told of some; or that there will be no more
     */
    public int take(int done) {
        Arrays.fill(batch, 0, batched, null);
        batched = 0;
        Demand from = demand.get();
        if (done > 0 && from != null && !ended) {
            from.request(done);
        }
        while (true) {
            // Before the items are counted: what comes before the end has been filled in by then.
            boolean last = ended;
            long first = emptied.get();
            int count = (int) Math.min(filled.get() - first, batch.length);
            if (count > 0) {
                for (int i = 0; i < count; i++) {
                    int at = (int) (first + i) & mask;
                    batch[i] = ring.get(at);
                    ring.lazySet(at, null);
                }
                emptied.set(first + count);
                batched = count;
                return count;
            }
            if (last) {
                return error == null ? COMPLETE : FAILED;
            }
            waiting.set(true);
            if ((!ended && filled.get() == first) || !waiting.compareAndSet(true, false)) {
                return 0;
            }
        }
    }

    /** Ends the subscription. Any thread. */
    public void cancel() {
        cancelled = true;
        Demand from = demand.get();
        if (from != null) {
            from.cancel();
        }
    }

    @Override
    void report(Mailbox to, int row) {
        to.write(row, token, Kind.ITEMS, 0, null);
    }
}
