package dev.pyloop.loop;

import dev.pyloop.hint.Inlined;
import dev.pyloop.libc.Errno;
import dev.pyloop.libc.SystemCallException;
import dev.pyloop.queue.LongQueue;
import dev.pyloop.reactor.Interest;
import dev.pyloop.reactor.Poller;
import java.util.function.IntConsumer;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * What one loop watches, and how it hears of it: by its poller, in which it also sleeps, and which others wake.
 *
 * <p>Owns the poller, the self-pipe and the handles that descriptors are watched with. Everything but {@link #wake} is called
 * with the host's lock held.
 */
public final class Readiness {
    /** How long to sleep: not at all. */
    static final long NOT_AT_ALL = 0;
    /** How long to sleep: as long as nothing happens. */
    static final long WITHOUT_LIMIT = -1;

    private final Host host;
    private final Poller poller;
    private final SelfPipe selfPipe;
    private final Watches watches;
    private final LongQueue ready;
    private final LongSupplier timeout;
    private final Queueing queueing = new Queueing();

    /** Descriptors of {@link #watches} that the loop's host watches for itself. */
    private int internalWatches;

    /** Whether somebody wants the signals of the self-pipe. */
    private boolean signalsWatched;

    /** Whether another runs the callbacks, who polls by {@link #select}. */
    private boolean handedOver;
    /** Whether {@link #wake} was called since that one has polled. */
    private boolean woken;

    private boolean closed;

    /** True from before the loop last looks for something to do until the poll has returned. Adding work then must wake it. */
    private volatile boolean sleeping;

    /**
     * Takes {@code poller} over; where this fails, the poller stays the caller's.
     *
     * @param ready where handles of ready descriptors are queued
     * @param timeout tells how long the loop may sleep by now
     * @throws SystemCallException when descriptors are exhausted
     */
    Readiness(Callbacks callbacks, Host host, Poller poller, LongQueue ready, LongSupplier timeout) {
        this.host = host;
        this.poller = poller;
        this.ready = ready;
        this.timeout = timeout;
        watches = new Watches(callbacks, poller);
        selfPipe = new SelfPipe();
        int result = poller.useSelfPipe(selfPipe.reader(), selfPipe.writer());
        if (result < 0) {
            selfPipe.close();
            throw watchFailure(result);
        }
    }

    /**
     * Watches {@code descriptor}: {@code handle} runs in every iteration that finds it ready. A handle watching for the
     * same is cancelled.
     *
     * @param kind {@link Interest#READ} or {@link Interest#WRITE}
     * @return 0, or the negated errno, in which case the handle stays the caller's
     */
    public int watch(int descriptor, int kind, long handle) {
        if (closed) {
            return -Errno.EBADF;
        }
        if (descriptor == selfPipe.reader() && !signalsWatched) {
            // The poller reports it already, as what it is: later the number may be another file's.
            signalsWatched = true;
            watches.note(descriptor, kind, handle);
            return 0;
        }
        return watches.watch(descriptor, kind, handle);
    }

    /**
     * Watches {@code descriptor} as {@link #watch} does, but only until it is found ready: {@code handle} runs once.
     *
     * @return 0, or the negated errno, in which case the handle stays the caller's
     */
    public int watchOnce(int descriptor, int kind, long handle) {
        return closed ? -Errno.EBADF : watches.watchOnce(descriptor, kind, handle);
    }

    /** Stops watching {@code descriptor} for {@code kind} and cancels its handle; false when there was none. */
    public boolean unwatch(int descriptor, int kind) {
        return watches.unwatch(descriptor, kind);
    }

    /** Returns the handle that {@code descriptor} is watched with, which stays the loop's, or 0. */
    public long watcher(int descriptor, int kind) {
        return watches.watcher(descriptor, kind);
    }

    /** Shows every descriptor that is watched. */
    public void forEachWatched(IntConsumer visitor) {
        watches.forEachDescriptor(visitor);
    }

    /** Returns the exception for a negative answer of {@link #watch} or {@link #watchOnce}, which names the call that failed. */
    public SystemCallException watchFailure(int result) {
        return new SystemCallException(poller.systemCall(Poller.Request.WATCH), -result);
    }

    /** Returns the pipe that ends the loop's sleep; who wants its signals {@linkplain #watch watches} it too. */
    public SelfPipe selfPipe() {
        return selfPipe;
    }

    /** Says how many of the watched descriptors are the host's own. */
    public void setInternalWatches(int count) {
        internalWatches = count;
    }

    /** Tells whether the program watches one descriptor only, so that a poll can find nothing but that ready. */
    public boolean watchesOne() {
        return watchedByProgram() == 1;
    }

    /** Returns how many descriptors the program watches. */
    @Inlined
    int watchedByProgram() {
        return watches.count() - internalWatches;
    }

    /** Ends the loop's sleep if it sleeps or is about to. Any thread, without the lock. */
    public void wake() {
        // Read before written: among many calls only the first after the loop fell asleep pays the system call.
        if (sleeping) {
            sleeping = false;
            poller.wake();
        } else if (handedOver) {
            woken = true;
        }
    }

    /** Says whether another runs the callbacks from now on. */
    void setHandedOver(boolean handedOver) {
        this.handedOver = handedOver;
        woken = false;
    }

    /** Polls without sleeping; {@link #queueFound} is to follow with the answer. */
    @Inlined
    int poll() {
        return poller.poll(watches.count());
    }

    /** Sleeps as long as there is nothing to do, and polls, as {@link #poll} does; the host was told that before. */
    int sleep() {
        sleeping = true;
        // Only now, for telling the time, and what the host did before, may have given the lock up for a moment.
        long nanos = timeout.getAsLong();
        return handedOver ? sleep(NOT_AT_ALL) : sleep(nanos);
    }

    /** Queues what a poll has found, given its answer. */
    @Inlined
    void queueFound(int count) {
        if (count > 0) {
            poller.report(count, queueing);
        }
        if (count < 0) {
            check(count);
        }
    }

    /** Polls, for another who runs the callbacks; the host was told before if that is to sleep. Returns the poller's answer. */
    int select(long nanos, Found found) {
        boolean told = woken;
        woken = false;
        sleeping = true;
        int count = sleep(told ? NOT_AT_ALL : nanos);
        told |= woken;
        woken = false;
        Reporting reporting = new Reporting(found, told);
        if (count > 0) {
            poller.report(count, reporting);
        }
        if (reporting.told) {
            reporting.ready(selfPipe.reader(), Interest.READ);
        }
        if (count < 0) {
            check(count);
        }
        return count;
    }

    /** Tells whether the loop sleeps, or is about to. */
    boolean isSleeping() {
        return sleeping;
    }

    private int sleep(long nanos) {
        int watched = watches.count();
        try {
            return nanos == NOT_AT_ALL || !host.maySleep()
                    ? poller.poll(watched)
                    : poller.sleep(nanos, watched, host.lock());
        } finally {
            sleeping = false;
            host.afterSleep();
        }
    }

    private void check(int count) {
        if (count != -Errno.EINTR) {
            throw new SystemCallException(poller.systemCall(Poller.Request.WAIT), -count);
        }
    }

    /** Queues the handles of what a poll has found. */
    private final class Queueing implements Poller.Events {
        @Override
        @Inlined
        public void ready(int descriptor, int readiness) {
            watches.queueReady(descriptor, readiness, ready);
        }

        @Override
        public void completed(long handle) {
            ready.add(handle);
        }

        @Override
        public void signalled() {
            watches.queueReady(selfPipe.reader(), Interest.READ, ready);
        }

        @Override
        public void woken() {}
    }

    /** Tells another what a poll has found. */
    private final class Reporting implements Poller.Events {
        private final Found found;
        /** Whether the self-pipe is to be reported: there are signals, or somebody wanted the loop to wake up. */
        private boolean told;

        Reporting(Found found, boolean told) {
            this.found = found;
            this.told = told;
        }

        @Override
        public void ready(int descriptor, int readiness) {
            // Empty before and after.
            watches.queueReady(descriptor, readiness & Interest.READ, ready);
            long reader = ready.poll();
            watches.queueReady(descriptor, readiness & Interest.WRITE, ready);
            long writer = ready.poll();
            if (reader != LongQueue.NONE || writer != LongQueue.NONE) {
                found.accept(descriptor, reader, writer);
            }
        }

        @Override
        public void completed(long handle) {
            found.accept(Found.NO_DESCRIPTOR, handle, LongQueue.NONE);
        }

        @Override
        public void signalled() {
            told = true;
        }

        @Override
        public void woken() {
            told = true;
        }
    }

    /** Takes descriptors of its own, in the child of a fork, which shares them with its parent. */
    void afterFork() {
        int pipe = selfPipe.afterFork();
        if (pipe < 0) {
            throw new SystemCallException("pipe2", -pipe);
        }
        int poll = poller.afterFork();
        if (poll < 0) {
            throw new SystemCallException(poller.systemCall(Poller.Request.OPEN), -poll);
        }
        watches.watchAgain();
        int use = poller.useSelfPipe(selfPipe.reader(), selfPipe.writer());
        if (use < 0) {
            throw watchFailure(use);
        }
    }

    /** Shows every handle that a descriptor is watched with. */
    void forEachHandle(LongConsumer visitor) {
        watches.forEachHandle(visitor);
    }

    /** Refuses to watch anything more, as {@link #close} is to follow. */
    void refuse() {
        closed = true;
    }

    /** Gives the handles to {@code taker}, and the descriptors back. */
    void close(LongConsumer taker) {
        closed = true;
        watches.takeAll(taker);
        poller.close();
        selfPipe.close();
    }
}
