package dev.pyloop.loop;

import dev.pyloop.hint.Inlined;
import dev.pyloop.libc.Errno;
import dev.pyloop.libc.SystemCallException;
import dev.pyloop.queue.Inbox;
import dev.pyloop.queue.ReadyQueue;
import dev.pyloop.queue.TimerHeap;
import dev.pyloop.reactor.Interest;
import dev.pyloop.reactor.Poller;
import java.util.function.IntConsumer;
import java.util.function.LongConsumer;
import java.util.function.LongPredicate;

/**
 * The event loop: asyncio's iteration, step by step, over opaque handles.
 *
 * <p>One iteration drops cancelled timers, polls, queues the callbacks of ready descriptors, then those of due timers,
 * and runs exactly what is queued by then; what these callbacks queue runs in the next iteration. That order is a promise
 * of asyncio's, kept to the letter.
 *
 * <p>Everything but {@link #post} and {@link #wake} is called with the host's lock held, by any thread; {@link #run} by
 * one thread at a time. The loop owns the handles it is given, its poller and its self-pipe, and gives all of them back in
 * {@link #close()}.
 */
public final class EventLoop implements AutoCloseable {
    private static final long NOT_AT_ALL = 0;
    private static final long WITHOUT_LIMIT = -1;
    /** asyncio never sleeps longer than a day at a time. */
    private static final double MAX_SLEEP_SECONDS = 24 * 3600;

    /** After so many polls the queues give back memory that they did not need since the last time; a power of two. */
    private static final int POLLS_PER_TRIM = 64;

    private static final double NANOS_PER_SECOND = 1e9;
    /** The clock ticks in nanoseconds; a timer due within one tick is due. */
    private static final double CLOCK_RESOLUTION = 1e-9;

    private final ReadyQueue ready = new ReadyQueue();
    private final TimerHeap timers = new TimerHeap();
    private final Inbox inbox = new Inbox();
    /** Handles to be queued by the next poll, as those of descriptors that it finds ready. */
    private final ReadyQueue again = new ReadyQueue();

    private final PollPolicy policy = new PollPolicy();
    private final Watches watches;
    private final SelfPipe selfPipe;
    private final Callbacks callbacks;
    private final Host host;
    private final Poller poller;
    /** Made once, for when memory is short. */
    private final LongPredicate isCancelled;

    private final LongConsumer release;

    /** Descriptors of {@link #watches} that the loop's host watches for itself. */
    private int internalWatches;

    /** Whether somebody wants the signals of the self-pipe. */
    private boolean signalsWatched;

    private boolean stopping;
    /** Whether another runs the callbacks, who polls by {@link #select}. */
    private boolean handedOver;
    /** Whether a run is over at the end of its iteration, for one of these reasons. */
    private boolean ending;
    /** Whether {@link #wake} was called since that one has polled. */
    private boolean woken;

    private boolean closed;
    private long iteration;
    private int polls;

    /** Whether the poll of this iteration found more than one descriptor. */
    private boolean crowded;

    /** True from before the last look into the inbox until the poll returned: whoever adds then must wake the loop. */
    private volatile boolean sleeping;

    /**
     * Makes a loop that owns {@code poller} from now on; where this fails, the poller stays the caller's.
     *
     * @throws SystemCallException when descriptors are exhausted
     */
    public EventLoop(Callbacks callbacks, Host host, Poller poller) {
        this.callbacks = callbacks;
        this.host = host;
        this.poller = poller;
        watches = new Watches(callbacks, poller);
        isCancelled = callbacks::isCancelled;
        release = callbacks::release;
        selfPipe = new SelfPipe();
        int result = poller.useSelfPipe(selfPipe.reader(), selfPipe.writer());
        if (result < 0) {
            selfPipe.close();
            throw new SystemCallException("epoll_ctl", -result);
        }
    }

    /**
     * How far a run of the loop has come in its iteration. Runs may be nested: a callback may run the loop that runs it.
     *
     * <p>Guarded by the host's lock.
     */
    public static final class Run {
        private static final int NOT_BEGUN = -1;
        private static final int BREATHING = -2;

        private final boolean once;
        /** How many callbacks of the iteration are still to run. */
        private int left = NOT_BEGUN;

        /** Makes a run of one iteration, or of as many as there are until the loop is stopped. */
        public Run(boolean once) {
            this.once = once;
        }
    }

    /** What {@link #select} has found. */
    @FunctionalInterface
    public interface Found {
        /**
         * A descriptor is ready.
         *
         * @param reader what it is watched with for reading, if it can be read, and is the taker's now; otherwise 0
         * @param writer the same for writing
         */
        void accept(int descriptor, long reader, long writer);
    }

    /** Queues {@code handle} to run in the next iteration, behind everything queued before by any thread. */
    @Inlined
    public void callSoon(long handle) {
        takeInbox();
        ready.add(handle);
    }

    /** Queues {@code handle} from any thread, without the lock, and wakes the loop. */
    public void post(long handle) {
        inbox.add(handle);
        wake();
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
                && inbox.isEmpty()
                && !stopping
                && (timers.isEmpty() || timers.nextDeadline() >= nextTick());
    }

    /** Tells whether the program watches one descriptor only, so that a poll can find nothing but that ready. */
    public boolean watchesOne() {
        return watchedByProgram() == 1;
    }

    /** Queues {@code handle} to run when the clock reaches {@code deadline} seconds. */
    @Inlined
    public void callAt(double deadline, long handle) {
        if (timers.hasRemoved()) {
            releaseRemovedTimers();
        }
        timers.add(deadline, handle);
    }

    /** Takes note that the timer, which is in the heap, was cancelled. */
    @Inlined
    public void timerCancelled(long handle) {
        if (!timers.removeIfLast(handle)) {
            timers.noteCancelled();
        }
    }

    /** Takes note that somebody says that a timer in the heap was cancelled, or is about to be. */
    public void timerSaidCancelled() {
        timers.noteSaidCancelled();
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

    /** Returns the pipe that ends the loop's sleep; who wants its signals {@linkplain #watch watches} it too. */
    public SelfPipe selfPipe() {
        return selfPipe;
    }

    /** Says how many of the watched descriptors are the host's own. */
    public void setInternalWatches(int count) {
        internalWatches = count;
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
        woken = false;
        policy.pollNext();
        releaseRemovedTimers();
        // Who has them may drop some of those that count as scheduled.
        timers.distrustCount();
    }

    /** Moves every handle that is queued to run to the end of {@code taken}; nothing if there is no memory for it. */
    public void takeReady(ReadyQueue taken) {
        takeInbox();
        taken.reserve(ready.size() + again.size());
        ready.drainTo(taken);
        again.drainTo(taken);
    }

    /** Queues handles to run before all that are queued; nothing happens if there is no memory for it. */
    public void callFirst(ReadyQueue handles) {
        takeInbox();
        ready.reserve(handles.size());
        ready.drainTo(handles);
        handles.drainTo(ready);
    }

    /** Makes room for {@code count} timers, so that {@link #callAt} needs no memory for them. */
    public void reserveTimers(int count) {
        timers.reserve(count);
    }

    /** Returns the timer that is due next, which stays the loop's, or {@link ReadyQueue#NULL_HANDLE}. */
    public long nextTimer() {
        return timers.isEmpty() ? ReadyQueue.NULL_HANDLE : timers.peek();
    }

    /** Removes and returns the timer that is due next, or {@link ReadyQueue#NULL_HANDLE}; for all it counts as scheduled still. */
    public long takeTimer() {
        if (timers.isEmpty()) {
            return ReadyQueue.NULL_HANDLE;
        }
        long handle = timers.remove();
        if (callbacks.isCancelled(handle)) {
            timers.noteCancelledRemoved();
        }
        return handle;
    }

    /** Shows every handle that is queued to run, in the order of their turns. */
    public void forEachReady(LongConsumer visitor) {
        showAll(ready, visitor);
        for (int i = 0; i < inbox.size(); i++) {
            visitor.accept(inbox.get(i));
        }
        showAll(again, visitor);
    }

    /** Shows every timer: none before the one that is due next. */
    public void forEachTimer(LongConsumer visitor) {
        for (int i = 0; i < timers.size(); i++) {
            visitor.accept(timers.get(i));
        }
    }

    /** Shows every descriptor that is watched. */
    public void forEachWatched(IntConsumer visitor) {
        watches.forEachDescriptor(visitor);
    }

    /**
     * Polls, for another who runs the callbacks.
     *
     * @param timeout how long to sleep at the most, in nanoseconds; negative for any time
     */
    public void select(long timeout, Found found) {
        iteration++;
        boolean told = woken;
        woken = false;
        int watched = watches.count();
        int count = told || timeout == NOT_AT_ALL ? poller.poll(watched) : sleep(timeout, watched);
        told |= woken;
        woken = false;
        for (int i = 0; i < count; i++) {
            int descriptor = poller.descriptor(i);
            if (descriptor == Poller.SIGNALLED || descriptor == Poller.WOKEN) {
                told = true;
            } else {
                report(descriptor, poller.readiness(i), found);
            }
        }
        if (told) {
            report(selfPipe.reader(), Interest.READ, found);
        }
        if (count < 0 && count != -Errno.EINTR) {
            throw new SystemCallException("epoll_wait", -count);
        }
    }

    private void report(int descriptor, int readiness, Found found) {
        // Empty before and after.
        watches.queueReady(descriptor, readiness & Interest.READ, ready);
        long reader = ready.poll();
        watches.queueReady(descriptor, readiness & Interest.WRITE, ready);
        long writer = ready.poll();
        if (reader != ReadyQueue.NULL_HANDLE || writer != ReadyQueue.NULL_HANDLE) {
            found.accept(descriptor, reader, writer);
        }
    }

    /** Returns the number of the iteration that runs or was the last to run. */
    public long iteration() {
        return iteration;
    }

    /** Returns the number of callbacks queued to run, the inbox included. */
    public int readyCount() {
        return ready.size() + inbox.size();
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
                if (callbacks.run(ready.poll())) {
                    return true;
                }
            }
            if (run.left != Run.BREATHING) {
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
                if (beginIteration()) {
                    return true;
                }
            }
            if (!timers.isEmpty()) {
                queueDueTimers();
            }
            run.left = ready.size();
            policy.running(run.left);
        }
    }

    /** Shows every handle the loop holds, once per reference. */
    public void forEachHandle(LongConsumer visitor) {
        forEachReady(visitor);
        forEachTimer(visitor);
        for (int i = 0; i < timers.removedSize(); i++) {
            visitor.accept(timers.getRemoved(i));
        }
        watches.forEachHandle(visitor);
    }

    private static void showAll(ReadyQueue queue, LongConsumer visitor) {
        for (int i = 0; i < queue.size(); i++) {
            visitor.accept(queue.get(i));
        }
    }

    /** Drops every callback and timer without running them. Needs no memory. */
    public void clear() {
        for (int i = 0; i < timers.size(); i++) {
            callbacks.unschedule(timers.get(i));
        }
        timers.clear();
        releaseAll(ready);
        releaseAll(again);
        for (int left = inbox.size(); left > 0 && !inbox.isEmpty(); left--) {
            callbacks.release(inbox.poll());
        }
        releaseRemovedTimers();
    }

    /**
     * Gives the loop descriptors of its own, in the child of a fork, which shares them with its parent; what is watched
     * stays watched. Nothing of the parent's changes.
     *
     * @throws SystemCallException when descriptors are exhausted
     */
    public void afterFork() {
        if (closed) {
            return;
        }
        check("pipe2", selfPipe.afterFork());
        check("epoll_create1", poller.afterFork());
        watches.watchAgain();
        check("epoll_ctl", poller.useSelfPipe(selfPipe.reader(), selfPipe.writer()));
    }

    private static void check(String call, int result) {
        if (result < 0) {
            throw new SystemCallException(call, -result);
        }
    }

    @Override
    public void close() {
        closed = true;
        clear();
        watches.takeAll(release);
        poller.close();
        selfPipe.close();
    }

    /** Up to where exactly that is queued, but for due timers, which this iteration is to run; true if the host is to breathe. */
    private boolean beginIteration() {
        iteration++;
        crowded = false;
        if (timers.hasRemoved()) {
            releaseRemovedTimers();
        }
        if (!timers.isEmpty()) {
            dropCancelledTimers();
        }
        takeInbox();
        if (ready.isEmpty() || policy.mustPoll(watchedByProgram())) {
            return host.breathe(poll());
        }
        return false;
    }

    @Inlined
    private int watchedByProgram() {
        return watches.count() - internalWatches;
    }

    @Inlined
    private void takeInbox() {
        if (!inbox.isEmpty()) {
            inbox.drainTo(ready);
        }
    }

    /** Returns whether a signal has come. */
    private boolean poll() {
        if ((++polls & (POLLS_PER_TRIM - 1)) == 0) {
            trimQueues();
        }
        int watched = watches.count();
        long timeout = timeoutNanos();
        int count = timeout == NOT_AT_ALL ? poller.poll(watched) : sleep(timeout, watched);
        policy.polled(watchedByProgram());
        takeInbox();
        int before = ready.size();
        if (!again.isEmpty()) {
            again.drainTo(ready);
        }
        boolean signalled = count == -Errno.EINTR;
        for (int i = 0; i < count; i++) {
            signalled |= poller.descriptor(i) == Poller.SIGNALLED;
            queueReady(poller.descriptor(i), poller.readiness(i));
        }
        crowded = ready.size() > before + 1;
        if (count < 0 && count != -Errno.EINTR) {
            throw new SystemCallException("epoll_wait", -count);
        }
        return signalled;
    }

    private void trimQueues() {
        try {
            ready.trim();
            timers.trim();
            inbox.trim();
            again.trim();
        } catch (OutOfMemoryError e) {
            // What is large stays so for now: there is no room for the smaller copy.
        }
    }

    private int sleep(long timeout, int watched) {
        boolean wasHandedOver = handedOver;
        host.beforeSleep();
        sleeping = true;
        // Once more: telling the time and what the host did may have given the lock up for a moment, or scheduled
        // something.
        long left = handedOver ? timeout : timeoutNanos();
        if (left == NOT_AT_ALL || !inbox.isEmpty() || woken || handedOver != wasHandedOver) {
            sleeping = false;
            host.afterSleep();
            return poller.poll(watched);
        }
        try {
            return poller.sleep(left, watched, host.lock());
        } finally {
            sleeping = false;
            host.afterSleep();
        }
    }

    private long timeoutNanos() {
        if (stopping || !ready.isEmpty() || !again.isEmpty()) {
            return NOT_AT_ALL;
        }
        if (timers.isEmpty()) {
            return WITHOUT_LIMIT;
        }
        double seconds = timers.nextDeadline() - host.seconds();
        return seconds > 0 ? (long) Math.ceil(Math.min(seconds, MAX_SLEEP_SECONDS) * NANOS_PER_SECOND) : NOT_AT_ALL;
    }

    private void queueReady(int descriptor, int readiness) {
        if (descriptor == Poller.SIGNALLED) {
            watches.queueReady(selfPipe.reader(), Interest.READ, ready);
        } else if (descriptor != Poller.WOKEN) {
            watches.queueReady(descriptor, readiness, ready);
        }
    }

    private void queueDueTimers() {
        double end = nextTick();
        while (!timers.isEmpty() && !(timers.nextDeadline() >= end)) {
            long handle = timers.peek();
            // First, for it may fail.
            ready.add(handle);
            timers.remove();
            callbacks.unschedule(handle);
            if (callbacks.isCancelled(handle)) {
                timers.noteCancelledRemoved();
            }
        }
    }

    /** Returns when the clock will have ticked, and at least the next number: it may be too large for nanoseconds. */
    private double nextTick() {
        double now = host.seconds();
        return now + Math.max(CLOCK_RESOLUTION, Math.ulp(now));
    }

    private void dropCancelledTimers() {
        if (timers.wantsCompaction()) {
            compactTimers();
        }
        while (!timers.isEmpty() && callbacks.isCancelled(timers.peek())) {
            long handle = timers.remove();
            timers.noteCancelledRemoved();
            callbacks.unschedule(handle);
            callbacks.release(handle);
        }
    }

    private void compactTimers() {
        timers.compact(isCancelled);
        releaseRemovedTimers();
    }

    private void releaseRemovedTimers() {
        for (long timer = timers.takeRemoved(); timer != ReadyQueue.NULL_HANDLE; timer = timers.takeRemoved()) {
            callbacks.unschedule(timer);
            callbacks.release(timer);
        }
    }

    /** As many as there are: releasing one may call back into the loop, and queue another. */
    private void releaseAll(ReadyQueue queue) {
        for (int left = queue.size(); left > 0 && !queue.isEmpty(); left--) {
            callbacks.release(queue.poll());
        }
    }
}
