package dev.pyloop.bridge;

import java.util.Objects;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;

/** An iterator of Python's as a publisher. If it is one iterator, and nothing that makes them, it has one subscriber. */
public final class IteratorPublisher implements Flow.Publisher<Object> {
    private final Mailbox mailbox;
    private final Object source;
    private final boolean single;
    private final AtomicBoolean taken = new AtomicBoolean();

    /**
     * Makes a publisher.
     *
     * @param source what the iterator comes from, a {@link PythonValue}
     * @param single whether there is but one
     */
    public IteratorPublisher(Mailbox mailbox, Object source, boolean single) {
        this.mailbox = mailbox;
        this.source = source;
        this.single = single;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super Object> subscriber) {
        Objects.requireNonNull(subscriber);
        boolean refused = single && !taken.compareAndSet(false, true);
        Outlet outlet = new Outlet(mailbox, source, subscriber, refused);
        subscriber.onSubscribe(outlet);
        if (refused) {
            subscriber.onError(new IllegalStateException("an iterator of Python's has one subscriber, and had it"));
        } else {
            mailbox.post(new Notice(Kind.SUBSCRIBED, outlet.token(), outlet));
        }
    }
}
