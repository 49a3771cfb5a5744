package dev.pyloop.loop;

import dev.pyloop.hint.Inlined;
import dev.pyloop.libc.SystemCallException;
import dev.pyloop.queue.LongQueue;
import dev.pyloop.reactor.Poller;
import java.util.function.LongConsumer;

/**
 * The event loop: asyncio's iteration, step by step, over opaque handles.
 *
 * <p>One iteration drops cancelled timers, polls, queues the callbacks of ready descriptors, then those of due timers,
 * and runs exactly what is queued by then; what these callbacks queue runs in the next iteration. That order is a promise
 * of asyncio's, kept to the letter.
 *
 * <p>Everything but {@link Readiness#wake} is called with the host's lock held, by any thread; {@link #run} by
 * one thread at a time. The loop owns the handles it is given, its poller and its self-pipe, and gives all of them back in
 * {@link #close()}.
 */
public final class EventLoop implements AutoCloseable {
    /** asyncio never sleeps longer than a day at a time. */
    private static final double MAX_SLEEP_SECONDS = 24 * 3600;

    /** After so many polls the queues give back memory that they did not need since the last time; a power of two. */
    private static final int POLLS_PER_TRIM = 64;

    private static final double NANOS_PER_SECOND = 1e9;
    /** The clock ticks in nanoseconds; a timer due within one tick is due. */
    private static final double CLOCK_RESOLUTION = 1e-9;

    private final LongQueue ready = new LongQueue();
    private final Timers timers;
    /** Handles to be queued by the next poll, as those of descriptors that it finds ready. */
    private final LongQueue again = new LongQueue();

    private final PollPolicy policy = new PollPolicy();
    private final Metrics metrics = new Metrics();
    private final Readiness readiness;
    private final Callbacks callbacks;
    private final Host host;
    /** Made once, for when memory is short. */
    private final LongConsumer release;

    private boolean stopping;
    /** Whether another runs the callbacks, who polls by {@link #select}. */
    private boolean handedOver;
    /** Whether a run is over at the end of its iteration, for one of these reasons. */
    private boolean ending;

    private boolean closed;
    private long iteration;
    private int polls;
    /** Turns of sources among them. */
    private long callbacksRun;
    /** The most callbacks of an iteration. */
    private int mostReady;

    /** Whether the poll of this iteration found more than one descriptor. */
    private boolean crowded;

    /**
     * Makes a loop that owns {@code poller} from now on; where this fails, the poller stays the caller's.
     *
     * @throws SystemCallException when descriptors are exhausted
     */
    public EventLoop(Callbacks callbacks, Host host, Poller poller) {
        this.callbacks = callbacks;
        this.host = host;
        timers = new Timers(callbacks);
        release = callbacks::release;
        // Last, for it opens descriptors.
        readiness = new Readiness(callbacks, host, poller, ready, this::timeoutNanos);
    }

    /**
     * How far a run of the loop has come in its iteration. Runs may be nested: a callback may run the loop that runs it.
     *
     * <p>Guarded by the host's lock.
     */
    public static final class Run {
        private static final int NOT_BEGUN = -1;
        private static final int FALLING_ASLEEP = -2;
        private static final int BREATHING = -3;

        private final boolean once;
        /** How many callbacks of the iteration are still to run. */
        private int left = NOT_BEGUN;

        /** Makes a run of one iteration, or of as many as there are until the loop is stopped. */
        public Run(boolean once) {
            this.once = once;
        }
    }

    /** Queues {@code handle} to run in the next iteration, behind everything queued before. */
    @Inlined
    public void callSoon(long handle) {
        ready.add(handle);
    }

    /**
     * Queues {@code handle} with the descriptors that the next poll finds ready, and before them. For a transport that
     * has taken more from its descriptor than its turn allowed it to handle.
     */
    public void callAtPoll(long handle) {
        again.add(handle);
        policy.pollNext();
    }

    /**
     * Tells whether nothing but a descriptor could be due before the next iteration: neither a callback nor a timer, nor
     * a stop; and whether only one was found in this iteration, so that none has to wait for a turn. A transport may go on
     * with its descriptor then.
     */
    public boolean isIdle() {
        return !crowded
                && !handedOver
                && ready.isEmpty()
                && !stopping
                && (timers.isEmpty() || timers.nextDeadline() >= nextTick());
    }

    /** Queues {@code handle} to run when the clock reaches {@code deadline} seconds. */
    @Inlined
    public void callAt(double deadline, long handle) {
        timers.add(deadline, handle);
    }

    /** Takes note that the timer, which is in the heap, was cancelled. */
    @Inlined
    public void timerCancelled(long handle) {
        timers.cancelled(handle);
    }

    /** Takes note that somebody says that a timer in the heap was cancelled, or is about to be. */
    public void timerSaidCancelled() {
        timers.saidCancelled();
    }

    /** Returns what the loop watches, and how others wake it. */
    @Inlined
    public Readiness readiness() {
        return readiness;
    }

    /** Says whether {@link #run} shall return at the end of the iteration. */
    public void setStopping(boolean stopping) {
        this.stopping = stopping;
        ending = stopping || handedOver;
    }

    /**
     * Says whether another runs the callbacks from now on. Runs of this one's end with the callback that runs. The queues
     * are to be empty: {@link #takeReady}, {@link #takeTimer}.
     */
    public void setHandedOver(boolean handedOver) {
        this.handedOver = handedOver;
        ending = stopping || handedOver;
        readiness.setHandedOver(handedOver);
        policy.pollNext();
        timers.releaseRemoved();
        // The new owner may drop some of those that count as scheduled.
        timers.distrustCount();
    }

    /** Moves every handle that is queued to run to the end of {@code taken}; nothing if there is no memory for it. */
    public void takeReady(LongQueue taken) {
        taken.reserve(ready.size() + again.size());
        ready.drainTo(taken);
        again.drainTo(taken);
    }

    /** Queues handles to run before all that are queued; nothing happens if there is no memory for it. */
    public void callFirst(LongQueue handles) {
        ready.reserve(handles.size());
        ready.drainTo(handles);
        handles.drainTo(ready);
    }

    /** Makes room for {@code count} timers, so that {@link #callAt} needs no memory for them. */
    public void reserveTimers(int count) {
        timers.reserve(count);
    }

    /** Returns the timer that is due next, which stays the loop's, or {@link LongQueue#NONE}. */
    public long nextTimer() {
        return timers.next();
    }

    /** Removes and returns the timer that is due next, or {@link LongQueue#NONE}; for all it counts as scheduled still. */
    public long takeTimer() {
        return timers.take();
    }

    /** Shows every handle that is queued to run, in the order of their turns. */
    public void forEachReady(LongConsumer visitor) {
        showAll(ready, visitor);
        showAll(again, visitor);
    }

    /** Shows every timer: none before the one that is due next. */
    public void forEachTimer(LongConsumer visitor) {
        timers.forEach(visitor);
    }

    /**
     * Polls, for another who runs the callbacks.
     *
     * @param timeout how long to sleep at the most, in nanoseconds; negative for any time
     */
    public void select(long timeout, Found found) {
        iteration++;
        metrics.polling(System.nanoTime());
        metrics.polled(readiness.select(timeout, found));
        if (timeout != Readiness.NOT_AT_ALL) {
            metrics.slept();
        }
    }

    /** Returns what the loop counts. */
    @Inlined
    public Metrics metrics() {
        return metrics;
    }

    /** Shows what the loop has counted and what it has now, in an order that Python knows. */
    public void showMetrics(LongConsumer visitor) {
        visitor.accept(iteration);
        visitor.accept(callbacksRun);
        visitor.accept(mostReady);
        metrics.show(readiness.isSleeping(), visitor);
        visitor.accept((long) ready.size() + again.size());
        visitor.accept(timers.size());
        visitor.accept(readiness.watchedByProgram());
        visitor.accept(readiness.isSleeping() ? 1 : 0);
    }

    /** Returns the number of the iteration that runs or was the last to run. */
    public long iteration() {
        return iteration;
    }

    /** Returns the number of callbacks queued to run. */
    public int readyCount() {
        return ready.size();
    }

    /** Returns the number of timers in the heap, cancelled ones included. */
    public int timerCount() {
        return timers.size();
    }

    /** Runs iterations until {@link #setStopping} says so; at least one. All callbacks are run from here. */
    public void run() {
        advanceInside(new Run(false));
    }

    /** Runs one iteration, which polls. All callbacks are run from here. */
    public void runOnce() {
        advanceInside(new Run(true));
    }

    private void advanceInside(Run run) {
        if (advance(run)) {
            throw new IllegalStateException("a callback that nobody calls");
        }
    }

    /**
     * Begins or goes on with a run, until a callback is to be called by the caller ({@link Callbacks#run}), who comes back
     * after that, or until the run is over.
     *
     * @return false when it is over
     */
    @Inlined
    public boolean advance(Run run) {
        while (true) {
            // A callback may drop all that are queued.
            while (run.left > 0 && !ready.isEmpty()) {
                run.left--;
                callbacksRun++;
                if (callbacks.run(ready.poll())) {
                    return true;
                }
            }
            if (run.left == Run.FALLING_ASLEEP) {
                run.left = Run.BREATHING;
                if (slept()) {
                    return true;
                }
            } else if (run.left != Run.BREATHING) {
                if (run.left == Run.NOT_BEGUN) {
                    policy.pollNext();
                } else {
                    // What is queued from here on is the next iteration's.
                    run.left = 0;
                    if (callbacks.endIteration()) {
                        return true;
                    }
                    if (run.once || ending) {
                        return false;
                    }
                }
                run.left = Run.BREATHING;
                if (beginIteration(run)) {
                    return true;
                }
            }
            if (!timers.isEmpty()) {
                timers.queueDue(nextTick(), ready, metrics);
            }
            run.left = ready.size();
            policy.running(run.left);
            if (run.left > mostReady) {
                mostReady = run.left;
            }
        }
    }

    /** Shows every handle the loop holds, once per reference. */
    public void forEachHandle(LongConsumer visitor) {
        forEachReady(visitor);
        forEachTimer(visitor);
        timers.forEachRemoved(visitor);
        readiness.forEachHandle(visitor);
    }

    private static void showAll(LongQueue queue, LongConsumer visitor) {
        for (int i = 0; i < queue.size(); i++) {
            visitor.accept(queue.get(i));
        }
    }

    /** Drops every callback and timer without running them. Needs no memory. */
    public void clear() {
        timers.clear();
        releaseAll(ready);
        releaseAll(again);
        timers.releaseRemoved();
    }

    /**
     * Gives the loop descriptors of its own, in the child of a fork, which shares them with its parent; what is watched
     * stays watched. Nothing of the parent's changes.
     *
     * @throws SystemCallException when descriptors are exhausted
     */
    public void afterFork() {
        if (!closed) {
            readiness.afterFork();
        }
    }

    @Override
    public void close() {
        closed = true;
        // What is released here cannot watch anything any more.
        readiness.refuse();
        clear();
        readiness.close(release);
    }

    /** Up to where exactly that is queued, but for due timers, which this iteration is to run; or up to a call of the host's. */
    private boolean beginIteration(Run run) {
        iteration++;
        crowded = false;
        timers.dropCancelled();
        if (!ready.isEmpty() && !policy.mustPoll(readiness.watchedByProgram())) {
            return false;
        }
        if ((++polls & (POLLS_PER_TRIM - 1)) == 0) {
            trimQueues();
        }
        long now = System.nanoTime();
        metrics.polling(now);
        if (timeoutNanos() == Readiness.NOT_AT_ALL) {
            return polled(readiness.poll(), now);
        }
        if (host.beforeSleep()) {
            run.left = Run.FALLING_ASLEEP;
            return true;
        }
        return slept();
    }

    /** Sleeps, and breathes. */
    private boolean slept() {
        int count = readiness.sleep();
        return polled(count, metrics.slept());
    }

    /** Queues what a poll has found, given its answer and the time, and breathes. */
    private boolean polled(int count, long now) {
        metrics.polled(count);
        policy.polled(now);
        int before = ready.size();
        if (!again.isEmpty()) {
            again.drainTo(ready);
        }
        readiness.queueFound(count);
        crowded = ready.size() > before + 1;
        return host.breathe();
    }

    private void trimQueues() {
        try {
            ready.trim();
            timers.trim();
            again.trim();
        } catch (OutOfMemoryError e) {
            // What is large stays so for now: there is no room for the smaller copy.
        }
    }

    private long timeoutNanos() {
        if (stopping || !ready.isEmpty() || !again.isEmpty()) {
            return Readiness.NOT_AT_ALL;
        }
        if (timers.isEmpty()) {
            return Readiness.WITHOUT_LIMIT;
        }
        double seconds = timers.nextDeadline() - host.seconds();
        return seconds > 0
                ? (long) Math.ceil(Math.min(seconds, MAX_SLEEP_SECONDS) * NANOS_PER_SECOND)
                : Readiness.NOT_AT_ALL;
    }

    /** Returns when the clock will have ticked, and at least the next number: it may be too large for nanoseconds. */
    private double nextTick() {
        double now = host.seconds();
        return now + Math.max(CLOCK_RESOLUTION, Math.ulp(now));
    }

    /** As many as there are: releasing one may call back into the loop, and queue another. */
    private void releaseAll(LongQueue queue) {
        for (int left = queue.size(); left > 0 && !queue.isEmpty(); left--) {
            callbacks.release(queue.poll());
        }
    }
}
